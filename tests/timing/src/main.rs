//! Whether the time of an operation tells which of two kinds of input it had: what shows is a difference, and
//! never that there is none. `cargo xtask timing` runs it.
//!
//! The kinds are ones that an attacker would like to tell apart: a tag that is wrong at its beginning or at its
//! end, a key that was unwrapped or replaced by a random one. Of each there are many texts, drawn at random,
//! of one length and mixed in one piece of memory; nothing but the secret property sets them apart. Each is
//! measured a second time with two kinds that are drawn alike: what shows there is the noise. And a comparison
//! that leaves off at the first difference stands among them, which has to show.
#![forbid(unsafe_code)]

mod measure;
mod subjects;

use std::process::ExitCode;

use self::measure::{Plan, Summary};

/// Above this |t|, two classes are told apart. Below it lies what a busy machine does by itself.
const TOLD: f64 = 10.0;

fn main() -> ExitCode {
    let filter = std::env::args().nth(1).unwrap_or_default();
    fastrand::seed(7);
    println!(
        "{:<44}{:>9}{:>10}{:>10}{:>8}{:>8}",
        "left or right", "times", "median", "differ", "|t|", "noise"
    );
    let mut blind = Vec::new();
    for subject in subjects::ALL.iter().filter(|subject| subject.name.contains(&filter)) {
        let measure = |alike| -> Summary {
            (subject.run)(Plan { texts: subject.texts, times: subject.times, alike })
        };
        let (told, noise) = (measure(false), measure(true));
        println!(
            "{:<44}{:>9}{:>7.0} ns{:>7.1} ns{:>8.1}{:>8.1}  {}",
            subject.name,
            told.times,
            told.median,
            told.difference,
            told.t,
            noise.t,
            if told.t > TOLD { "told apart" } else { "" },
        );
        // The measurement has to see what it was shown, and to see nothing where there is nothing.
        if noise.t > TOLD || (subject.shows && told.t <= TOLD) {
            blind.push(subject.name);
        }
    }
    if blind.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("these measurements prove nothing, because a control failed: {}", blind.join(", "));
    ExitCode::FAILURE
}
