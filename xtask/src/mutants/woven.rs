//! Many mutants in one library: the body of each function becomes a `match` that asks which of them it is.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use super::Mutant;
use crate::process::cargo;
use crate::tree::told;

/// Answers which mutant the library is, for a program that runs as it: 0 is none of them.
const ASKED: &str = "
extern crate std;
#[doc(hidden)]
#[allow(missing_docs)]
pub fn __mutant() -> usize {
    static MUTANT: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
    *MUTANT.get_or_init(|| std::env::var(\"MUTANT\").ok().and_then(|id| id.parse().ok()).unwrap_or(0))
}
";

/// What became of a mutant before any test ran.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fate {
    /// It is part of the library.
    Woven,
    /// It does not compile.
    Unviable,
    /// It may be good Rust by itself, and cannot stand beside what it replaces: a constant is made of it,
    /// or its function stands within another one.
    Apart,
}

/// Weaves into the library in `tree` what compiles of the mutants, and tells what does.
pub(super) fn weave(tree: &Path, build: &Path, mutants: &[Mutant]) -> Result<Vec<Fate>, String> {
    let mut files: Vec<&str> = mutants.iter().map(|mutant| mutant.file.as_str()).collect();
    files.dedup();
    let mut sources = Vec::new();
    for file in files {
        let path = tree.join(file);
        let text = fs::read_to_string(&path).map_err(|error| told(&path, &error))?;
        sources.push((file, path, text));
    }
    let root = tree.join("crates/jose-core/src/lib.rs");
    let text = fs::read_to_string(&root).map_err(|error| told(&root, &error))? + ASKED;
    fs::write(&root, text).map_err(|error| told(&root, &error))?;

    let is_within = |mutant: &Mutant| mutants.iter().any(|other| mutant.is_within(other));
    let fate = |mutant| if is_within(mutant) { Fate::Apart } else { Fate::Woven };
    let mut fates: Vec<Fate> = mutants.iter().map(fate).collect();
    loop {
        let mut places = Vec::new();
        for (file, path, text) in &sources {
            let woven = woven(file, text, mutants, &fates);
            fs::write(path, &woven).map_err(|error| told(path, &error))?;
            places.push((*file, places_of(&woven)));
        }
        let errors = errors(tree, build)?;
        if errors.is_empty() {
            return Ok(fates);
        }
        let mut unexplained = errors.len();
        for error in &errors {
            unexplained -= usize::from(strike(error, &places, mutants, &mut fates));
        }
        if unexplained == errors.len() {
            let first = errors.first().and_then(|error| error.get("rendered")?.as_str());
            return Err(format!("the mutants do not compile: {}", first.unwrap_or_default()));
        }
    }
}

/// What a line of a woven file belongs to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    /// Code that is as it was.
    Sound,
    /// A function, by a mutant of it.
    Function(usize),
    Mutant(usize),
}

/// Takes out of the library what an error speaks of. Whether something was.
fn strike(
    error: &Value,
    places: &[(&str, Vec<Place>)],
    mutants: &[Mutant],
    fates: &mut [Fate],
) -> bool {
    let mut spans = Vec::new();
    collect(error, &mut spans);
    // The primary one comes first, and after it where else the message points to.
    spans.sort_by_key(|span| span.get("is_primary") != Some(&Value::Bool(true)));
    let named: Vec<Place> = spans.iter().filter_map(|span| place(span, places)).collect();
    let mutant = named.iter().find_map(|place| match place {
        Place::Mutant(id) => Some(*id),
        _ => None,
    });
    let function = named.iter().find_map(|place| match place {
        Place::Function(id) => mutants.iter().find(|mutant| mutant.id == *id),
        _ => None,
    });
    // A constant is made by a function that asks a variable now: it is the function that has to go.
    let constant = error.pointer("/code/code").is_some_and(|code| code == "E0015");
    match (mutant, function) {
        (Some(id), None) => set(fates, id, Fate::Unviable),
        (Some(id), Some(_)) if !constant => set(fates, id, Fate::Unviable),
        (_, Some(of)) => {
            for mutant in mutants.iter().filter(|mutant| mutant.is_beside(of)) {
                set(fates, mutant.id, Fate::Apart);
            }
            true
        }
        (None, None) => false,
    }
}

fn set(fates: &mut [Fate], id: usize, fate: Fate) -> bool {
    let Some(slot) = fates.get_mut(id - 1) else { return false };
    if *slot == Fate::Woven {
        *slot = fate;
    }
    true
}

fn collect<'a>(message: &'a Value, spans: &mut Vec<&'a Value>) {
    spans.extend(array(message, "spans"));
    for child in array(message, "children") {
        collect(child, spans);
    }
}

fn array<'a>(value: &'a Value, member: &str) -> impl Iterator<Item = &'a Value> {
    value.get(member).and_then(Value::as_array).into_iter().flatten()
}

fn place(span: &Value, places: &[(&str, Vec<Place>)]) -> Option<Place> {
    let (_, lines) =
        places.iter().find(|(file, _)| span.get("file_name").is_some_and(|name| name == file))?;
    let line = |end: &str| usize::try_from(span.get(end)?.as_u64()?).ok();
    let lines = lines.get(line("line_start")?.checked_sub(1)?..line("line_end")?)?;
    lines.iter().copied().find(|place| *place != Place::Sound)
}

/// The errors of the compiler, as it writes them in JSON.
fn errors(tree: &Path, build: &Path) -> Result<Vec<Value>, String> {
    let output = cargo(&["check", "-q", "-p", "jose-core", "--features", "deflate"])
        .args(["--message-format", "json"])
        .current_dir(tree)
        .envs(super::environment(build))
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let messages = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut errors: Vec<Value> = messages.filter_map(|line| line.get("message").cloned()).collect();
    errors.retain(|message| message.get("level").is_some_and(|level| level == "error"));
    match (output.status.success(), errors.is_empty()) {
        (false, true) => Err("the mutants do not compile".to_owned()),
        _ => Ok(errors),
    }
}

/// A file with its mutants in it.
fn woven(file: &str, text: &str, mutants: &[Mutant], fates: &[Fate]) -> String {
    let chars: Vec<char> = text.chars().collect();
    let lines: Vec<usize> = [0]
        .into_iter()
        .chain((1..=chars.len()).filter(|at| chars.get(at - 1) == Some(&'\n')))
        .collect();
    let at = |(line, column): (usize, usize)| lines.get(line - 1).map_or(0, |at| at + column - 1);
    let slice = |from: usize, to: usize| {
        chars.get(from..to).map(|chars| chars.iter().collect::<String>()).unwrap_or_default()
    };
    let own: Vec<&Mutant> = mutants.iter().filter(|mutant| mutant.file == file).collect();
    let mut functions: Vec<&Mutant> = Vec::new();
    for mutant in &own {
        if !functions.iter().any(|function| function.is_beside(mutant)) {
            functions.push(mutant);
        }
    }
    functions.sort_by_key(|mutant| mutant.function);
    let (mut out, mut end) = (String::new(), 0);
    for function in functions {
        let (start, stop) = (at(function.function.0), at(function.function.1) - 1);
        let alive = |mutant: &&&Mutant| {
            mutant.is_beside(function) && fates.get(mutant.id - 1) == Some(&Fate::Woven)
        };
        let alive: Vec<&&Mutant> = own.iter().filter(alive).collect();
        if alive.is_empty() {
            continue;
        }
        let body = body_of(&chars, stop);
        out += &slice(end, start);
        // A constant one cannot ask which mutant it is.
        out += &slice(start, body).replacen("const fn ", "fn ", 1);
        // A `String` takes everything.
        let _ = writeln!(out, "/*FUNCTION {}*/ match crate::__mutant() {{", function.id);
        for mutant in alive {
            let code = if mutant.replaces_body {
                // What cargo-mutants writes was meant for a crate with the prelude of `std`.
                format!("use ::std::{{prelude::v1::*, vec}};\n{}", mutant.replacement)
            } else {
                let (from, to) = (at(mutant.span.0), at(mutant.span.1));
                slice(body, from) + " " + &mutant.replacement + " " + &slice(to, stop)
            };
            let code = function.boxed(&code);
            let id = mutant.id;
            let _ = write!(out, "/*MUTANT {id}*/ {id} => {{\n{code}\n}}\n/*FUNCTION {id}*/");
        }
        let sound = function.boxed(&slice(body, stop));
        let _ = write!(out, "_ => {{{sound}}} }} /*SOUND*/ }}");
        end = stop + 1;
    }
    out + &slice(end, chars.len())
}

/// Where the body begins that ends with the brace at `stop`.
fn body_of(chars: &[char], stop: usize) -> usize {
    let mut depth = 0;
    for at in (0..=stop).rev() {
        match chars.get(at) {
            Some('}') => depth += 1,
            Some('{') if depth == 1 => return at + 1,
            Some('{') => depth -= 1,
            _ => {}
        }
    }
    0
}

fn places_of(woven: &str) -> Vec<Place> {
    let mut place = Place::Sound;
    let place_of = |line: &str| {
        let after = |mark: &str| {
            let (_, rest) = line.split_once(mark)?;
            rest.split("*/").next()?.trim().parse().ok()
        };
        if let Some(id) = after("/*MUTANT") {
            place = Place::Mutant(id);
        } else if let Some(id) = after("/*FUNCTION") {
            place = Place::Function(id);
        }
        let here = place;
        if line.contains("/*SOUND*/") {
            place = Place::Sound;
        }
        here
    };
    woven.lines().map(place_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mutant(id: usize, replaces_body: bool, span: (usize, usize), with: &str) -> Mutant {
        Mutant {
            id,
            module: "jws",
            name: String::new(),
            file: "a.rs".to_owned(),
            function: ((2, 1), (2, 33)),
            returns: "-> bool".to_owned(),
            span: ((2, span.0), (2, span.1)),
            replaces_body,
            replacement: with.to_owned(),
        }
    }

    #[test]
    fn a_function_asks_which_mutant_it_is() {
        let text = "// ö\nconst fn f(a: u8) -> bool { a < 1 }\n";
        let mut mutants = [mutant(1, true, (29, 34), "true"), mutant(2, false, (31, 32), ">")];
        for mutant in &mut mutants {
            mutant.function.1 = (2, 36);
        }
        let woven = woven("a.rs", text, &mutants, &[Fate::Woven; 2]);
        let lines: Vec<&str> = woven.lines().collect();
        assert_eq!(
            lines,
            [
                "// ö",
                "fn f(a: u8) -> bool {/*FUNCTION 1*/ match crate::__mutant() {",
                "/*MUTANT 1*/ 1 => {",
                "use ::std::{prelude::v1::*, vec};",
                "true",
                "}",
                "/*FUNCTION 1*//*MUTANT 2*/ 2 => {",
                " a  >  1 ",
                "}",
                "/*FUNCTION 2*/_ => { a < 1 } } /*SOUND*/ }",
            ]
        );
        let places = places_of(&woven);
        assert_eq!(
            places.get(..3),
            Some(&[Place::Sound, Place::Function(1), Place::Mutant(1)][..])
        );
        assert_eq!(places.last(), Some(&Place::Function(2)));
    }

    #[test]
    fn what_does_not_compile_is_left_out() {
        let text = "\nfn f(a: u8) -> bool { a < 1 }\n";
        let mutants = [mutant(1, true, (23, 28), "\"\"")];
        assert_eq!(woven("a.rs", text, &mutants, &[Fate::Unviable]), text);
    }
}
