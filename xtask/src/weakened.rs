//! `cargo xtask weakened`: the library with one check taken out of it, again and again, to see that the tests
//! notice. A suite that is green on a library that accepts `none` tests nothing.

use std::fs;
use std::path::Path;

use crate::process::{cargo, run as run_command};
use crate::tree::{self, told};

/// A library that somebody made weaker.
struct Weakened {
    /// What it does now.
    name: &'static str,
    file: &'static str,
    /// What stands there, once.
    sound: &'static str,
    /// What it becomes.
    weak: &'static str,
}

const WEAKENED: [Weakened; 4] = [
    Weakened {
        name: "the tag of an encrypted token is not checked",
        file: "crates/jose-rustcrypto/src/content.rs",
        sound: "self.over(aad, iv, text).verify_truncated_left(tag).ok()?;",
        weak: "let _unchecked = self.over(aad, iv, text).verify_truncated_left(tag);",
    },
    Weakened {
        name: "a token with the algorithm `none` is accepted",
        file: "crates/jose-core/src/jws/verify.rs",
        sound: "let mut refusal = VerifyError::InvalidSignature;",
        weak: "let mut refusal = VerifyError::InvalidSignature;\n\
               if let (\"none\", Some(key)) = (self.alg(), keys.iter().next()) {\n    \
                   return Ok(key.clone());\n}",
    },
    Weakened {
        name: "base64url with padding and white space is accepted",
        file: "crates/jose-core/src/base64url.rs",
        sound: "    URL_SAFE_NO_PAD.decode(text).map_err(|_| Rule::Base64url)",
        weak: "    let text = text.trim_ascii_end();\n    \
                   let text = text.strip_suffix(b\"=\").unwrap_or(text);\n    \
                   URL_SAFE_NO_PAD.decode(text).map_err(|_| Rule::Base64url)",
    },
    Weakened {
        name: "a token that brings its own key in `jwk` is believed",
        file: "crates/jose-core/src/jws/verify.rs",
        sound: "let mut refusal = VerifyError::InvalidSignature;",
        weak: "let mut refusal = VerifyError::InvalidSignature;\n\
               if let (Some(_), Some(key)) = (self.protected().jwk(), keys.iter().next()) {\n    \
                   return Ok(key.clone());\n}",
    },
];

/// Runs the conformance suite on each weakened library, and fails if it passes.
pub(crate) fn run() -> Result<(), String> {
    let place = Path::new("target/weakened");
    let tree = place.join("tree");
    tree::copy_to(&tree)?;
    let build = std::path::absolute(place.join("build")).map_err(|error| told(place, &error))?;
    let test = |more: &[&str]| {
        let mut command = cargo(&["test", "-q", "-p", "jose-rustcrypto", "--test", "conformance"]);
        command.args(more).current_dir(&tree).env("CARGO_TARGET_DIR", &build);
        command
    };
    let (mut lines, mut unnoticed) = (Vec::new(), Vec::new());
    for weakened in WEAKENED {
        let path = tree.join(weakened.file);
        let text = fs::read_to_string(&path).map_err(|error| told(&path, &error))?;
        write(&path, &weakened.applied(&text)?)?;
        run_command(&mut test(&["--no-run"]))
            .map_err(|error| format!("{}: it does not build: {error}", weakened.name))?;
        let output = test(&["--no-fail-fast"]).output().map_err(|error| error.to_string())?;
        write(&path, &text)?;
        match failed(&String::from_utf8_lossy(&output.stdout)) {
            0 => unnoticed.push(format!("nobody notices that {}", weakened.name)),
            tests => lines.push(format!("{tests:>4} tests notice that {}", weakened.name)),
        }
    }
    println!("{}", lines.join("\n"));
    if unnoticed.is_empty() { Ok(()) } else { Err(unnoticed.join("\n")) }
}

impl Weakened {
    fn applied(&self, text: &str) -> Result<String, String> {
        match text.matches(self.sound).count() {
            1 => Ok(text.replace(self.sound, self.weak)),
            count => Err(format!(
                "{}: `{}` stands there {count} times, and once was expected: renew it in weakened.rs",
                self.file, self.sound
            )),
        }
    }
}

/// How many tests failed, as the test runner says at its end.
fn failed(output: &str) -> u32 {
    let results = output.lines().filter(|line| line.starts_with("test result: FAILED"));
    let number = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = words.iter().position(|word| *word == "failed;")?;
        words.get(at.checked_sub(1)?)?.parse::<u32>().ok()
    };
    results.filter_map(number).sum()
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| told(path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_check_stands_where_it_is_taken_out() {
        for weakened in WEAKENED {
            let path = Path::new("..").join(weakened.file);
            let weak = weakened.applied(&fs::read_to_string(&path).unwrap()).unwrap();
            assert!(weak.contains(weakened.weak), "{}", weakened.name);
        }
    }

    #[test]
    fn failed_tests_are_counted() {
        let output = "test result: FAILED. 3 passed; 12 failed; 0 ignored\n\ntest result: ok. 1 passed; 0 failed;";
        assert_eq!(failed(output), 12);
        assert_eq!(failed("test result: ok. 5 passed; 0 failed; 0 ignored"), 0);
    }
}
