//! `cargo xtask interop`: libraries and programs of others, installed under `target/peers`, the tests
//! with them, and the page about them.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::openssl::Openssl;
use crate::process::{cargo, output, run as run_command, succeeds, target};

/// Installs the peers, runs the tests with them, and prints the page, or writes it if `write`.
pub(crate) fn run(openssl: Openssl, write: bool) -> Result<(), String> {
    if let Some(program) = missing(openssl) {
        return Err(format!("the peers need {program}, which is not installed"));
    }
    let place = target()?.join("peers");
    node(&place.join("node"))?;
    python(&Path::new(SOURCES).join("python"), &place.join("python"))?;
    rust(&place.join("rust"))?;

    let features = format!("{},jose-tests/peers,jose-cli/peers", openssl.workspace_features());
    let latchset = latchset().ok_or("there was a program jose of latchset, and it is gone")?;
    let tests = ["--test", "end_to_end_peers", "--test", "peers", "--test", "sessions_peers"];
    let outcome = run_command(
        cargo(&["test", "--workspace", "--features", &features])
            .args(tests)
            .arg("--no-fail-fast")
            .env("JOSE_PEERS", &place)
            .env("JOSE_LATCHSET", latchset),
    );
    // The page says what the tests expect, so that it is true if they pass.
    let page = page(openssl)?;
    println!("{page}");
    outcome?;
    if write {
        return fs::write(PAGE, page).map_err(|error| cannot("write", Path::new(PAGE), &error));
    }
    if fs::read_to_string(PAGE).is_ok_and(|text| text == page) {
        Ok(())
    } else {
        Err(format!("{PAGE} is out of date; `cargo xtask interop --write` renews it"))
    }
}

const PAGE: &str = "docs/interop.md";
const SOURCES: &str = "tests/peers";

fn page(openssl: Openssl) -> Result<String, String> {
    let features = format!("{},peers", openssl.feature());
    output(&mut cargo(&[
        "run",
        "-q",
        "-p",
        "jose-tests",
        "--features",
        &features,
        "--bin",
        "peers",
    ]))
}

/// The first program that this needs and this machine lacks.
fn missing(openssl: Openssl) -> Option<&'static str> {
    let node = "process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)";
    if openssl != Openssl::System {
        Some("the headers of OpenSSL 3")
    } else if !succeeds(Command::new("node").args(["-e", node])) {
        Some("node, 20 or later")
    } else if !succeeds(Command::new("npm").arg("--version")) {
        Some("npm")
    } else if !succeeds(Command::new("python3").args(["-c", "import ensurepip, venv"])) {
        Some("python3 with venv")
    } else if latchset().is_none() {
        Some("the program jose of latchset")
    } else {
        None
    }
}

/// Ours has the same name, so that the one is looked for that has this command of theirs.
fn latchset() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|directory| directory.join("jose"))
        .find(|program| succeeds(Command::new(program).args(["fmt", "-j", "{}", "-O"])))
}

/// Installs the packages of npm.
pub(crate) fn node(place: &Path) -> Result<(), String> {
    copy(&Path::new(SOURCES).join("node"), place)?;
    install(place, "package-lock.json", || {
        let options = ["ci", "--omit=dev", "--no-audit", "--no-fund"];
        run_command(Command::new("npm").args(options).current_dir(place))
    })
}

/// Copies what is in `from` to `place`, with an environment of Python beside it that has what its
/// `requirements.txt` names.
pub(crate) fn python(from: &Path, place: &Path) -> Result<(), String> {
    copy(from, place)?;
    install(place, "requirements.txt", || {
        let venv = place.join("venv");
        run_command(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
        let options = ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r"];
        run_command(
            Command::new(venv.join("bin/pip")).args(options).arg(place.join("requirements.txt")),
        )
    })
}

/// Cargo finds out by itself what there is to do.
fn rust(place: &Path) -> Result<(), String> {
    let manifest = Path::new(SOURCES).join("rust/Cargo.toml");
    run_command(
        cargo(&["build", "--quiet", "--locked", "--manifest-path"])
            .arg(manifest)
            .arg("--target-dir")
            .arg(place),
    )
}

/// Runs `install`, unless that was done for the same lock file.
fn install(
    place: &Path,
    lock: &str,
    install: impl FnOnce() -> Result<(), String>,
) -> Result<(), String> {
    let (lock, installed) = (place.join(lock), place.join("installed.lock"));
    let wanted = fs::read(&lock).map_err(|error| cannot("read", &lock, &error))?;
    if fs::read(&installed).is_ok_and(|found| found == wanted) {
        println!("{} is installed", place.display());
        return Ok(());
    }
    // Not there while an attempt may be half done.
    match fs::remove_file(&installed) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(cannot("remove", &installed, &error));
        }
        _ => {}
    }
    install()?;
    fs::write(&installed, wanted).map_err(|error| cannot("write", &installed, &error))
}

/// The files of a directory, each time: they are few, and what is installed lies beside them.
fn copy(from: &Path, to: &Path) -> Result<(), String> {
    fs::create_dir_all(to).map_err(|error| cannot("create", to, &error))?;
    let entries = fs::read_dir(from).map_err(|error| cannot("read", from, &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| cannot("read", from, &error))?;
        let path = entry.path();
        if path.is_file() {
            fs::copy(&path, to.join(entry.file_name()))
                .map_err(|error| cannot("copy", &path, &error))?;
        }
    }
    Ok(())
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> String {
    format!("cannot {what} {}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_installed_for_the_same_lock_file_is_not_installed_again() {
        let place = env::temp_dir().join(format!("xtask-interop-{}", std::process::id()));
        fs::create_dir_all(&place).unwrap();
        fs::write(place.join("a.lock"), "1").unwrap();
        let failed = install(&place, "a.lock", || Err("no network".to_owned()));
        assert_eq!(failed, Err("no network".to_owned()));
        install(&place, "a.lock", || Ok(())).unwrap();
        install(&place, "a.lock", || Err("again".to_owned())).unwrap();
        fs::write(place.join("a.lock"), "2").unwrap();
        assert_eq!(install(&place, "a.lock", || Err("again".to_owned())), Err("again".to_owned()));
        fs::remove_dir_all(&place).unwrap();
    }
}
