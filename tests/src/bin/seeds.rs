//! Writes what each target of fuzzing starts from: a directory for each, below the one that is named.
#![forbid(unsafe_code)]

use std::fs;
use std::io::Result;
use std::path::PathBuf;

use jose_tests::fuzz::TARGETS;

fn main() -> Result<()> {
    let place = PathBuf::from(std::env::args_os().nth(1).unwrap_or_else(|| "corpus".into()));
    for target in TARGETS {
        let directory = place.join(target.name);
        fs::create_dir_all(&directory)?;
        for (number, seed) in (target.seeds)().iter().enumerate() {
            fs::write(directory.join(format!("seed-{number}")), seed)?;
        }
    }
    Ok(())
}
