//! `cargo xtask table`: what README.md says about algorithms and backends, as the code says it.

use std::fs;
use std::process::Command;

use crate::openssl::Openssl;
use crate::process::{Program, built, output};

/// Prints README.md's tables as the code has them.
pub(crate) fn print(openssl: Openssl) -> Result<(), String> {
    let text = read()?;
    for block in blocks(&text)? {
        println!("{}\n", generate(openssl, block.name)?);
    }
    Ok(())
}

/// Replaces the tables in README.md by those the code prints.
pub(crate) fn write(openssl: Openssl) -> Result<(), String> {
    let text = read()?;
    let new = regenerate(&text, |name| generate(openssl, name))?;
    if new != text {
        fs::write(README, new).map_err(|error| format!("cannot write {README}: {error}"))?;
    }
    Ok(())
}

/// Fails if a table in README.md is not what the code prints.
pub(crate) fn check(openssl: Openssl) -> Result<(), String> {
    let text = read()?;
    if regenerate(&text, |name| generate(openssl, name))? == text {
        Ok(())
    } else {
        Err(format!("{README}: a table is out of date; `cargo xtask table --write` renews it"))
    }
}

/// A table between `<!-- table:NAME -->` and `<!-- /table -->`, each on a line of its own.
struct Block<'a> {
    name: &'a str,
    /// From the line after the first marker to the line of the second.
    content: &'a str,
}

const README: &str = "README.md";
const OPEN: &str = "<!-- table:";
const OPEN_END: &str = " -->\n";
const CLOSE: &str = "<!-- /table -->";

fn read() -> Result<String, String> {
    fs::read_to_string(README).map_err(|error| format!("cannot read {README}: {error}"))
}

fn generate(openssl: Openssl, name: &str) -> Result<String, String> {
    let program = built(Program::Own("table"), openssl.workspace_features())?;
    let table = output(Command::new(program).arg(name))?;
    Ok(table.trim_matches('\n').to_owned())
}

fn blocks(text: &str) -> Result<Vec<Block<'_>>, String> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(OPEN) {
        let (name, after) = after
            .split_once(OPEN_END)
            .ok_or_else(|| format!("{README}: `{OPEN}` without `-->` at the end of its line"))?;
        let (content, after) = after
            .split_once(CLOSE)
            .filter(|(content, _)| !content.contains(OPEN))
            .ok_or_else(|| format!("{README}: table:{name} is not closed by `{CLOSE}`"))?;
        blocks.push(Block { name, content });
        rest = after;
    }
    if blocks.is_empty() {
        return Err(format!("{README} has no `{OPEN}NAME -->`, so its tables cannot be checked"));
    }
    Ok(blocks)
}

fn regenerate(
    text: &str,
    generate: impl Fn(&str) -> Result<String, String>,
) -> Result<String, String> {
    let mut new = String::with_capacity(text.len());
    let mut rest = text;
    for Block { name, content } in blocks(text)? {
        let marker = format!("{OPEN}{name}{OPEN_END}");
        let (before, after) = rest.split_once(&marker).unwrap_or((rest, ""));
        new += before;
        new += &marker;
        new += "\n";
        new += &generate(name)?;
        new += "\n\n";
        rest = after.get(content.len()..).unwrap_or_default();
    }
    Ok(new + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# A\n\n<!-- table:x -->\n\n| old |\n\n<!-- /table -->\n\n\
                        <!-- table:y -->\n<!-- /table -->\nend\n";

    fn renewed(text: &str) -> Result<String, String> {
        regenerate(text, |name| Ok(format!("| {} |", name.to_uppercase())))
    }

    #[test]
    fn every_table_is_replaced_and_nothing_else() {
        let new = renewed(TEXT).unwrap();
        assert_eq!(
            new,
            "# A\n\n<!-- table:x -->\n\n| X |\n\n<!-- /table -->\n\n\
             <!-- table:y -->\n\n| Y |\n\n<!-- /table -->\nend\n"
        );
        assert_eq!(renewed(&new).unwrap(), new);
    }

    #[test]
    fn markers_that_do_not_pair_are_refused() {
        for text in [
            "no table at all\n",
            "<!-- table:x -->\n| never closed |\n",
            "<!-- table:x -->\n<!-- table:y -->\n<!-- /table -->\n",
            "<!-- table:x",
        ] {
            assert!(renewed(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_failure_to_generate_is_passed_on() {
        let error = regenerate(TEXT, |_| Err("no such table".to_owned())).unwrap_err();
        assert_eq!(error, "no such table");
    }
}
