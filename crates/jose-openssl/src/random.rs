//! Random octets from OpenSSL's generator for private values (SP 800-90A).

use jose_core::crypto::CryptoError;

use crate::ffi::Lib;

pub(crate) fn random(lib: &Lib, out: &mut [u8]) -> Result<(), CryptoError> {
    // An application may have put a generator of its own in the place of OpenSSL's, and such a one
    // takes an `int` for the length.
    out.chunks_mut(1 << 20).try_for_each(|chunk| lib.random(chunk))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::ffi::replace_generator;

    static PROCESS: Lib = Lib::process();

    /// Set in the process in which the generator is replaced: in this one others go on.
    const CHILD: &str = "JOSE_TEST_REPLACES_THE_GENERATOR";

    #[test]
    fn an_applications_generator_serves_the_default_context_and_no_other() {
        const NAME: &str =
            "random::tests::an_applications_generator_serves_the_default_context_and_no_other";
        #[allow(clippy::disallowed_methods, reason = "set by this test, for this test")]
        let is_child = std::env::var(CHILD).is_ok();
        if !is_child {
            let program = std::env::current_exe().unwrap();
            let child = Command::new(program).args(["--exact", NAME]).env(CHILD, "").output();
            let child = child.unwrap();
            let told = String::from_utf8_lossy(&child.stdout);
            assert!(child.status.success() && told.contains("1 passed"), "{told}");
            return;
        }
        let own = Lib::elsewhere(c"default", Some(c"provider=default"));
        assert!(!PROCESS.has_foreign_generator());
        replace_generator();
        let mut out = [0; 32];
        random(&PROCESS, &mut out).unwrap();
        assert_eq!(out, [7; 32]);
        assert!(PROCESS.has_foreign_generator());
        random(own, &mut out).unwrap();
        assert!(out != [7; 32] && out != [0; 32]);
        assert!(!own.has_foreign_generator());
    }
}
