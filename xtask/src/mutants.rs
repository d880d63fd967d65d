//! `cargo xtask mutants`: every small change that cargo-mutants knows for a module, made one after the other, and
//! whether a test notices.
//!
//! cargo-mutants builds the library again for each, which takes half a day for them all. Here it only
//! lists them: they are woven into one copy of the library, which asks a variable of the environment
//! which of them it is.

mod woven;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread::{self, available_parallelism};
use std::time::{Duration, Instant};

use serde_json::Value;

use self::woven::Fate;
use crate::process::{cargo, output, succeeds};
use crate::tree::{self, told};

/// The modules of `jose-core` that decide what is accepted.
const MODULES: [&str; 4] = ["jwa/rules", "jwt", "jws", "jwe"];

/// Tests that take less come first: most mutants are noticed by many.
const STAGES: [Duration; 3] =
    [Duration::from_millis(50), Duration::from_millis(200), Duration::MAX];

/// How much longer than usual the tests of a stage may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Tries the mutants of each module, and prints what became of them.
pub(crate) fn run(args: &[&str]) -> Result<(), String> {
    let asked = Asked::of(args)?;
    if !succeeds(&mut cargo(&["mutants", "--version"])) {
        return Err(
            "mutants are listed by cargo-mutants (`cargo install cargo-mutants`)".to_owned()
        );
    }
    let place = Path::new("target/mutants");
    let tree = place.join("tree");
    tree::copy_to(&tree)?;
    let absolute = |path: PathBuf| std::path::absolute(&path).map_err(|error| told(&path, &error));
    let (tree, build) = (absolute(tree)?, absolute(place.join("build"))?);
    let mut mutants = Vec::new();
    // All of them: a constant of one module may be made by a function of another, which then has to be left alone.
    for module in MODULES {
        list(&tree, module, &mut mutants)?;
    }
    println!("{} mutants", mutants.len());
    let last = place.join("missed.txt");
    let again =
        asked.missed.then(|| fs::read_to_string(&last).map_err(|error| told(&last, &error)));
    let again = again.transpose()?;
    let again = |mutant: &Mutant| {
        again.as_ref().is_none_or(|names| names.lines().any(|name| name == mutant.name))
    };
    let fates = woven::weave(&tree, &build, &mutants)?;
    let stages = stages(tests(&tree, &build)?)?;
    let woven = |mutant: &Mutant| fates.get(mutant.id - 1) == Some(&Fate::Woven);
    let tried: Vec<&Mutant> = mutants
        .iter()
        .filter(|mutant| asked.modules.contains(&mutant.module) && asked.has(mutant.id))
        .filter(|mutant| woven(mutant) && again(mutant))
        .collect();
    println!("trying {} of them", tried.len());
    let verdicts = &verdicts(&tried, &stages);

    let headings =
        ["module", "mutants", "tried", "caught", "unviable", "apart", "timed out", "missed"];
    println!("\n{}", line(headings));
    for module in &asked.modules {
        let count = |with: &dyn Fn(&Mutant) -> bool| {
            let own = mutants.iter().filter(|mutant| mutant.module == *module);
            own.filter(|mutant| with(mutant)).count().to_string()
        };
        let became = |verdict| move |mutant: &Mutant| verdicts.contains(&(mutant.id, verdict));
        let fates = &fates;
        let is = |fate| move |mutant: &Mutant| fates.get(mutant.id - 1) == Some(&fate);
        let figures = [
            count(&|_| true),
            count(&|mutant| verdicts.iter().any(|(id, _)| *id == mutant.id)),
            count(&became(Verdict::Caught)),
            count(&is(Fate::Unviable)),
            count(&is(Fate::Apart)),
            count(&became(Verdict::TimedOut)),
            count(&became(Verdict::Missed)),
        ];
        let [a, b, c, d, e, f, g] = figures.each_ref().map(String::as_str);
        println!("{}", line([module, a, b, c, d, e, f, g]));
    }
    let missed = |mutant: &&&Mutant| verdicts.contains(&(mutant.id, Verdict::Missed));
    let names = tried.iter().filter(missed).map(|mutant| mutant.name.clone() + "\n");
    fs::write(&last, names.collect::<String>()).map_err(|error| told(&last, &error))
}

fn line(cells: [&str; 8]) -> String {
    let [module, rest @ ..] = cells;
    rest.iter().fold(format!("{module:<10}"), |line, cell| line + &format!("{cell:>10}"))
}

/// What was asked for.
#[derive(Debug, Eq, PartialEq)]
struct Asked {
    modules: Vec<&'static str>,
    /// Those alone that the last run has missed.
    missed: bool,
    /// Every so many of them one, and which is the first.
    shard: (usize, usize),
}

impl Asked {
    fn of(args: &[&str]) -> Result<Self, String> {
        let mut asked = Self { modules: Vec::new(), missed: false, shard: (0, 1) };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            if *arg == "--shard" {
                let shard = args.next().and_then(|shard| shard.split_once('/'));
                let shard = shard.and_then(|(k, n)| Some((k.parse().ok()?, n.parse().ok()?)));
                let shard = shard.filter(|(k, n)| k < n);
                asked.shard = shard.ok_or("--shard takes K/N, and K is less than N")?;
            } else if *arg == "--missed" {
                asked.missed = true;
            } else {
                let module = MODULES.iter().find(|module| *module == arg);
                asked.modules.push(module.ok_or(format!("modules are {}", MODULES.join(", ")))?);
            }
        }
        if asked.modules.is_empty() {
            asked.modules = MODULES.to_vec();
        }
        Ok(asked)
    }

    fn has(&self, id: usize) -> bool {
        (id - 1) % self.shard.1 == self.shard.0
    }
}

/// A line and a column, both counted from one.
type Position = (usize, usize);

/// A change of the library, as cargo-mutants tells of it.
#[derive(Debug)]
struct Mutant {
    /// What `MUTANT` has to be, from one on.
    id: usize,
    module: &'static str,
    name: String,
    file: String,
    /// Where the function begins and ends.
    function: (Position, Position),
    /// Its `-> T`, or nothing.
    returns: String,
    span: (Position, Position),
    replaces_body: bool,
    replacement: String,
}

impl Mutant {
    fn of(value: &Value, id: usize, module: &'static str) -> Option<Self> {
        let text = |at| value.pointer(at).and_then(Value::as_str).map(str::to_owned);
        let number = |at: &str| usize::try_from(value.pointer(at)?.as_u64()?).ok();
        let position =
            |at: String| Some((number(&format!("{at}/line"))?, number(&format!("{at}/column"))?));
        let span =
            |of: &str| Some((position(format!("{of}/start"))?, position(format!("{of}/end"))?));
        Some(Self {
            id,
            module,
            name: text("/name")?,
            file: text("/file")?,
            function: span("/function/span")?,
            returns: text("/function/return_type")?,
            span: span("/span")?,
            replaces_body: text("/genre")? == "FnValue",
            replacement: text("/replacement")?,
        })
    }

    /// Whether both are changes of one function.
    fn is_beside(&self, other: &Self) -> bool {
        self.file == other.file && self.function == other.function
    }

    /// Whether its function stands within that of the other.
    fn is_within(&self, other: &Self) -> bool {
        let ((start, end), (first, last)) = (self.function, other.function);
        self.file == other.file && !self.is_beside(other) && first <= start && end <= last
    }

    /// The code of a body, where needed in a box: `impl Trait` stands for one type, and mutants have others.
    fn boxed(&self, code: &str) -> String {
        let Some(bounds) = self.returns.strip_prefix("-> impl ") else { return code.to_owned() };
        let boxed = format!("::std::boxed::Box<dyn {bounds} + '_>");
        format!("let boxed: {boxed} = ::std::boxed::Box::new({{{code}}});\nboxed")
    }
}

fn list(tree: &Path, module: &'static str, mutants: &mut Vec<Mutant>) -> Result<(), String> {
    let files = format!("crates/jose-core/src/{module}/**");
    let mut command = cargo(&["mutants", "--list", "--json", "-p", "jose-core", "-f", &files]);
    let told = output(command.current_dir(tree))?;
    let values: Vec<Value> = serde_json::from_str(&told)
        .map_err(|error| format!("`cargo mutants --list` did not print JSON: {error}"))?;
    for value in values {
        let mutant = Mutant::of(&value, mutants.len() + 1, module);
        mutants.push(mutant.ok_or("`cargo mutants --list` tells of mutants in another way now")?);
    }
    Ok(())
}

/// Apart from builds without mutants, and whatever the linter says of them.
fn environment(build: &Path) -> [(&'static str, PathBuf); 5] {
    [
        ("CARGO_TARGET_DIR", build.to_owned()),
        ("CARGO_INCREMENTAL", "1".into()),
        ("CARGO_PROFILE_DEV_DEBUG", "0".into()),
        ("CARGO_PROFILE_DEV_OPT_LEVEL", "1".into()),
        ("RUSTFLAGS", "--cap-lints=allow".into()),
    ]
}

/// A test, and how to run it alone.
#[derive(Debug)]
struct Test {
    program: PathBuf,
    name: String,
}

/// The unit tests of `jose-core`, and the conformance suite on the backend that needs nothing else.
fn tests(tree: &Path, build: &Path) -> Result<Vec<Test>, String> {
    let built = output(
        cargo(&["test", "-q", "--no-run", "-p", "jose-core", "-p", "jose-rustcrypto", "--lib"])
            .args(["--test", "conformance", "--features", "jose-core/deflate"])
            .args(["--message-format", "json"])
            .current_dir(tree)
            .envs(environment(build)),
    )?;
    let mut tests = Vec::new();
    for artifact in built.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let text = |at| artifact.pointer(at).and_then(Value::as_str);
        let (Some(program), Some(name)) = (text("/executable"), text("/target/name")) else {
            continue;
        };
        if name == "jose_rustcrypto" {
            continue;
        }
        let listed = output(Command::new(program).args(["--list", "--format", "terse"]))?;
        let names = listed.lines().filter_map(|line| line.strip_suffix(": test"));
        tests.extend(names.map(|name| Test { program: program.into(), name: name.to_owned() }));
    }
    Ok(tests)
}

/// The tests by the time they take, and how long a stage takes.
fn stages(tests: Vec<Test>) -> Result<Vec<(Vec<Test>, Duration)>, String> {
    let mut stages: Vec<(Vec<Test>, Duration)> =
        STAGES.iter().map(|_| (Vec::new(), Duration::ZERO)).collect();
    for test in tests {
        let begun = Instant::now();
        if ran(0, &test.program, &[&test.name], Duration::MAX) != Verdict::Missed {
            return Err(format!("{} fails on the library as it is", test.name));
        }
        let took = begun.elapsed();
        let stage = stages.iter_mut().zip(STAGES).find(|(_, limit)| took < *limit);
        if let Some(((tests, all), _)) = stage {
            tests.push(test);
            *all += took;
        }
    }
    Ok(stages)
}

/// What the tests said of a mutant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Verdict {
    Caught,
    Missed,
    TimedOut,
}

/// What each stage leaves goes to the next one.
fn verdicts(mutants: &[&Mutant], stages: &[(Vec<Test>, Duration)]) -> Vec<(usize, Verdict)> {
    let (mut verdicts, mut left) = (Vec::new(), mutants.to_vec());
    for (at, (tests, usual)) in stages.iter().enumerate() {
        println!("{} mutants before {} tests", left.len(), tests.len());
        let (queue, missed) = (Mutex::new(left.into_iter()), Mutex::new(Vec::new()));
        let (caught, last) = (Mutex::new(Vec::new()), at + 1 == stages.len());
        let work = || {
            // A lock is poisoned where another thread panicked, and none does.
            while let Some(mutant) = queue.lock().ok().and_then(|mut queue| queue.next()) {
                let verdict = verdict(mutant.id, tests, *usual);
                let list = if verdict == Verdict::Missed { &missed } else { &caught };
                if let Ok(mut list) = list.lock() {
                    list.push((mutant, verdict));
                }
                if verdict == Verdict::TimedOut || (verdict == Verdict::Missed && last) {
                    println!("{verdict:?}: {}", mutant.name);
                }
            }
        };
        thread::scope(|scope| {
            for _ in 0..available_parallelism().map_or(1, usize::from) {
                scope.spawn(work);
            }
        });
        let ids = |(mutant, verdict): (&Mutant, Verdict)| (mutant.id, verdict);
        verdicts.extend(caught.into_inner().unwrap_or_default().into_iter().map(ids));
        left =
            missed.into_inner().unwrap_or_default().into_iter().map(|(mutant, _)| mutant).collect();
    }
    verdicts.extend(left.iter().map(|mutant| (mutant.id, Verdict::Missed)));
    verdicts
}

fn verdict(id: usize, tests: &[Test], usual: Duration) -> Verdict {
    let mut programs: Vec<&PathBuf> = tests.iter().map(|test| &test.program).collect();
    programs.dedup();
    for program in programs {
        let own = tests.iter().filter(|test| test.program == *program);
        let names: Vec<&str> = own.map(|test| test.name.as_str()).collect();
        let verdict = ran(id, program, &names, PATIENCE + usual * 4);
        if verdict != Verdict::Missed {
            return verdict;
        }
    }
    Verdict::Missed
}

/// Runs tests of a program as a mutant, in the package that they are of.
fn ran(id: usize, program: &Path, names: &[&str], patience: Duration) -> Verdict {
    // A change may make a loop that allocates for ever.
    let child = Command::new("sh")
        .args(["-c", "ulimit -v 8000000; exec \"$@\"", "sh"])
        .arg(program)
        .args(["-q", "--test-threads", "1", "--exact"])
        .args(names)
        .env("MUTANT", id.to_string())
        .env("PROPTEST_FAILURE_PERSISTENCE", "off")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = child else { return Verdict::Caught };
    let begun = Instant::now();
    loop {
        match child.try_wait() {
            Ok(None) if begun.elapsed() > patience => {
                let _gone = child.kill().and_then(|()| child.wait());
                return Verdict::TimedOut;
            }
            Ok(None) => thread::sleep(Duration::from_millis(2)),
            Ok(Some(status)) if status.success() => return Verdict::Missed,
            _ => return Verdict::Caught,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_and_a_part_of_them_may_be_asked_for() {
        let asked = Asked { modules: vec!["jwt", "jws"], missed: true, shard: (1, 4) };
        assert_eq!(Asked::of(&["jwt", "--shard", "1/4", "--missed", "jws"]), Ok(asked));
        assert_eq!(Asked::of(&[]).map(|asked| asked.modules), Ok(MODULES.to_vec()));
        for wrong in [&["jwx"][..], &["--shard"], &["--shard", "4/4"], &["--shard", "1"]] {
            assert!(Asked::of(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_part_is_spread_over_all() {
        let asked = Asked { modules: Vec::new(), missed: false, shard: (1, 3) };
        let ids: Vec<usize> = (1..=9).filter(|id| asked.has(*id)).collect();
        assert_eq!(ids, [2, 5, 8]);
    }
}
