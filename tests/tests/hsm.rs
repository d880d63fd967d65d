//! The example with keys in an HSM, run as a user would, with SoftHSM.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::process::{Command, Stdio};

fn example(args: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hsm"));
    let output = command.args(args).stderr(Stdio::inherit()).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    (output.status.success(), told)
}

#[test]
fn keys_sign_and_decrypt_in_the_hsm_and_what_fails_there_is_not_a_refusal() {
    let (good, told) = example(&[]);
    assert_eq!(told, include_str!("../../examples/hsm/told.txt"));
    assert!(good);
}

#[test]
fn two_hsms_at_once_have_nothing_to_do_with_one_another() {
    let all = std::thread::scope(|scope| {
        let both = [(); 2].map(|()| scope.spawn(|| example(&[])));
        both.map(|one| one.join().unwrap())
    });
    for (good, told) in all {
        assert_eq!(told, include_str!("../../examples/hsm/told.txt"));
        assert!(good);
    }
}

#[test]
fn without_its_library_the_example_fails_and_says_nothing_of_tokens() {
    assert_eq!(example(&["/there/is/no/such/library.so"]), (false, String::new()));
}
