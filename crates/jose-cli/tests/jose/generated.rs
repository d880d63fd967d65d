//! `jose completion` and `jose man`.

use std::process::Command;

use crate::common::{jose, leaves};

#[test]
fn every_shell_has_a_script_that_names_the_verbs() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = jose(&["completion", shell], "").text();
        for verb in ["b64", "jwe", "jwk", "jwks", "encrypt", "rotate", "password-file"] {
            assert!(script.contains(verb), "{shell}: {verb}");
        }
    }
    jose(&["completion", "tcsh"], "").fails(2);
}

#[test]
fn a_shell_that_is_there_can_read_its_script() {
    let directory = tempfile::tempdir().unwrap();
    for (shell, program, check) in [
        ("bash", "bash", "-n"),
        ("elvish", "elvish", "-compileonly"),
        ("fish", "fish", "-n"),
        ("zsh", "zsh", "-n"),
    ] {
        let path = directory.path().join(shell);
        std::fs::write(&path, jose(&["completion", shell], "").ok()).unwrap();
        // One that is not there says nothing of the script.
        if let Ok(run) = Command::new(program).arg(check).arg(&path).output() {
            let told = String::from_utf8_lossy(&run.stderr);
            assert!(run.status.success() && told.is_empty(), "{shell}: {told}");
        }
    }
}

#[test]
fn the_manual_page_has_the_exit_codes() {
    let page = jose(&["man"], "").text();
    assert!(page.contains(".TH jose 1"), "{page}");
    assert!(page.contains("Exit codes: 0 done; 1 a signature or ciphertext was refused"), "{page}");
}

#[test]
fn every_command_has_a_manual_page_of_its_own_with_its_examples() {
    for (path, _) in leaves() {
        let args: Vec<&str> = ["man"].into_iter().chain(path.iter().map(String::as_str)).collect();
        let page = jose(&args, "").text();
        let name = path.join("-");
        assert!(page.contains(&format!(".TH jose-{name} 1")), "{page}");
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES"] {
            assert!(page.contains(&format!("\n.SH {section}\n")), "{name}: {section}");
        }
    }
    let page = jose(&["man", "jwe", "encrypt"], "").text();
    assert!(page.contains("\\-\\-aad"), "{page}");
    let told = jose(&["man", "nothing"], "").fails(2);
    assert!(told.contains("no command nothing"), "{told}");
}

#[test]
fn a_formatter_that_is_there_has_nothing_to_say_of_a_manual_page() {
    let directory = tempfile::tempdir().unwrap();
    for args in [&["man"][..], &["man", "jwk", "gen"], &["man", "jws", "verify"]] {
        let path = directory.path().join("page.1");
        std::fs::write(&path, jose(args, "").ok()).unwrap();
        let groff = Command::new("groff")
            .args(["-Kutf8", "-man", "-Tutf8", "-P-cbou", "-ww"])
            .arg(&path)
            .output();
        if let Ok(run) = groff {
            let told = String::from_utf8_lossy(&run.stderr);
            assert!(run.status.success() && told.is_empty(), "{args:?}: {told}");
            assert!(String::from_utf8_lossy(&run.stdout).contains("DESCRIPTION"), "{args:?}");
        }
    }
}
