//! Where the OpenSSL backend finds OpenSSL on this machine: installed, or built from source.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::process;

/// The OpenSSL that the workspace is to be built with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Openssl {
    /// Headers and library that are installed.
    System,
    /// The source that comes with the crate `openssl-src`.
    Vendored,
}

impl Openssl {
    /// Looks where the crate `openssl-sys` looks: at `OPENSSL_DIR`, then at `pkg-config`.
    ///
    /// Says so if it comes to the vendored source, and fails if that cannot be built either.
    pub(crate) fn detect() -> Result<Self, String> {
        let found = installed()?;
        if at_least_3(&found) {
            return Ok(Self::System);
        }
        let found = if found.is_empty() { "none" } else { &found };
        eprintln!(
            "xtask: no headers of OpenSSL 3 found (pkg-config or OPENSSL_DIR: {found}), so OpenSSL \
             is built from the vendored source, which takes minutes the first time. To use an \
             installed one: `apt-get install libssl-dev pkg-config` or the like."
        );
        match missing_to_build() {
            None => Ok(Self::Vendored),
            Some(program) => Err(format!(
                "building OpenSSL from source needs {program}, which is not installed: install \
                 it, or the headers of OpenSSL 3 and pkg-config"
            )),
        }
    }

    /// The feature of `jose-suite` and `jose-tests` that adds this OpenSSL.
    pub(crate) const fn feature(self) -> &'static str {
        match self {
            Self::System => "openssl",
            Self::Vendored => "openssl-vendored",
        }
    }

    /// The features that switch both backends on in every member of the workspace, and what runs in the ordinary suite.
    pub(crate) const fn workspace_features(self) -> &'static str {
        match self {
            Self::System => {
                "jose-core/std,\
                 jose-cli/openssl,jose-suite/rustcrypto,jose-suite/openssl,jose-suite/std,\
                 jose-jwks/reqwest-native-tls,jose-jwks/reqwest-rustls,jose-session/axum,jose-session/redis,\
                 jose-examples/openssl,jose-tests/rustcrypto,jose-tests/openssl,jose-tests/http"
            }
            Self::Vendored => {
                "jose-core/std,jose-openssl/vendored,\
                 jose-cli/openssl-vendored,jose-suite/rustcrypto,jose-suite/openssl-vendored,jose-suite/std,\
                 jose-jwks/reqwest-native-tls,jose-jwks/reqwest-rustls,jose-session/axum,jose-session/redis,\
                 jose-examples/openssl-vendored,jose-tests/rustcrypto,jose-tests/openssl-vendored,\
                 jose-tests/http"
            }
        }
    }
}

/// The version of the installed headers, or nothing.
fn installed() -> Result<String, String> {
    let named = |name| env::var_os(name).map(PathBuf::from);
    let include =
        named("OPENSSL_INCLUDE_DIR").or_else(|| Some(named("OPENSSL_DIR")?.join("include")));
    let Some(include) = include else {
        // Headers that pkg-config does not know of, `openssl-sys` does not find either.
        let program = env::var_os("PKG_CONFIG").unwrap_or_else(|| "pkg-config".into());
        let version = Command::new(program).args(["--modversion", "openssl"]).output();
        let version = version.ok().filter(|version| version.status.success());
        return Ok(version.map_or_else(String::new, |version| {
            String::from_utf8_lossy(&version.stdout).trim().to_owned()
        }));
    };
    let header = include.join("openssl/opensslv.h");
    let text = fs::read_to_string(&header).map_err(|error| {
        format!(
            "OPENSSL_INCLUDE_DIR or OPENSSL_DIR is set, but {} cannot be read: {error}",
            header.display()
        )
    })?;
    Ok(header_version(&text).unwrap_or_default())
}

/// The version in `opensslv.h`. OpenSSL before 3 has no such macro, nor has `LibreSSL`.
fn header_version(opensslv: &str) -> Option<String> {
    opensslv.lines().find_map(|line| {
        let mut words = line.trim_start().trim_start_matches('#').split_whitespace();
        (words.next()? == "define" && words.next()? == "OPENSSL_VERSION_MAJOR")
            .then_some(words.next()?.to_owned())
    })
}

fn at_least_3(version: &str) -> bool {
    version.split('.').next().and_then(|major| major.parse::<u32>().ok()) >= Some(3)
}

/// The first program that a build from source needs and this machine lacks.
pub(crate) fn missing_to_build() -> Option<&'static str> {
    let cc = env::var_os("CC").unwrap_or_else(|| "cc".into());
    // Debian's perl-base is a perl without the modules that OpenSSL's Configure loads.
    let perl = ["-MFile::Compare", "-MFindBin", "-MIPC::Cmd", "-e", "1"];
    if !process::succeeds(Command::new(cc).arg("--version")) {
        Some("a C compiler")
    } else if !process::succeeds(Command::new("make").arg("--version")) {
        Some("make")
    } else if !process::succeeds(Command::new("perl").args(perl)) {
        Some("perl with its standard modules")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_before_3_are_refused() {
        for version in ["", "1.1.1w", "2.0.0", "none"] {
            assert!(!at_least_3(version), "{version}");
        }
        for version in ["3", "3.0.19", "3.5.4", "4.0.3", "10.0"] {
            assert!(at_least_3(version), "{version}");
        }
    }

    #[test]
    fn the_version_is_read_from_the_header() {
        let openssl =
            "/* … */\n# define OPENSSL_VERSION_MAJOR  3\n# define OPENSSL_VERSION_MINOR 0\n";
        assert_eq!(header_version(openssl).as_deref(), Some("3"));
        let libressl = "#define LIBRESSL_VERSION_NUMBER 0x3080000fL\n";
        assert_eq!(header_version(libressl), None);
    }
}
