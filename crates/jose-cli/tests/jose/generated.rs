//! `jose completion` and `jose man`.

use crate::common::jose;

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
fn the_manual_page_has_the_exit_codes() {
    let page = jose(&["man"], "").text();
    assert!(page.contains(".TH jose 1"), "{page}");
    assert!(page.contains("Exit codes: 0 done; 1 a signature or ciphertext was refused"), "{page}");
}

#[test]
fn every_command_has_a_manual_page_of_its_own() {
    let page = jose(&["man", "jwe", "encrypt"], "").text();
    assert!(page.contains(".TH jose-jwe-encrypt 1"), "{page}");
    assert!(page.contains("\\-\\-aad"), "{page}");
    let told = jose(&["man", "nothing"], "").fails(2);
    assert!(told.contains("no command nothing"), "{told}");
}
