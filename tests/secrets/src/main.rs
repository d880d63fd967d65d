//! Operations on secrets that Valgrind takes for undefined memory: it tells of every branch that depends on
//! one, and of every address that does. `cargo xtask secrets` runs it.
//!
//! Without an argument it prints the names of the checks, with one it does that check.
#![forbid(unsafe_code)]

mod checks;
mod marks;

use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(name) = std::env::args().nth(1) else {
        for check in checks::ALL {
            println!("{} {}", if check.shows { "shows" } else { "hides" }, check.name);
        }
        return ExitCode::SUCCESS;
    };
    let Some(check) = checks::ALL.iter().find(|check| check.name == name) else {
        eprintln!("there is no such check: {name}");
        return ExitCode::from(2);
    };
    if !marks::are_seen() {
        eprintln!("this says nothing but in Valgrind");
        return ExitCode::from(2);
    }
    (check.run)();
    ExitCode::SUCCESS
}
