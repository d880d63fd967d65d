//! What every backend of `jose-core` has to do, as tests.
//!
//! A backend runs the whole suite with one line in a test file of its own; each property becomes a
//! test of its own name:
//!
//! ```ignore
//! jose_conformance::suite!(my_backend::BACKEND);
//! ```
//!
//! A backend that lacks algorithms names them. The suite then holds it to lacking exactly those,
//! so that none goes missing unnoticed:
//!
//! ```ignore
//! jose_conformance::suite!(my_backend::BACKEND, without: [Ed448]);
//! ```
//!
//! The families: [`jws`] (signatures), [`jwk`] (keys), [`jwt`] (claims), [`misuse`] (what attackers
//! and mistakes do), [`vectors`] (known answers, and known forgeries).
//!
//! [`jws`]: crate::jws
#![forbid(unsafe_code)]
#![allow(
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

pub mod jwk;
pub mod jws;
pub mod jwt;
pub mod keys;
pub mod misuse;
pub mod vectors;

use jose_core::crypto::Backend;
use jose_core::jwa::SignatureAlgorithm;
#[doc(hidden)]
pub use jose_core::jwa::SignatureAlgorithm as Algorithm;

/// The backend under test, and what it is known to lack.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    backend: &'static dyn Backend,
    without: &'static [SignatureAlgorithm],
}

impl Subject {
    /// A backend that has every algorithm but those in `without`.
    #[must_use]
    pub const fn new(
        backend: &'static dyn Backend,
        without: &'static [SignatureAlgorithm],
    ) -> Self {
        Self { backend, without }
    }

    /// The backend.
    #[must_use]
    pub const fn backend(&self) -> &'static dyn Backend {
        self.backend
    }

    /// Whether it lacks `alg`.
    #[must_use]
    pub fn lacks(&self, alg: SignatureAlgorithm) -> bool {
        self.without.contains(&alg)
    }

    /// The algorithms it has.
    pub fn algorithms(&self) -> impl Iterator<Item = SignatureAlgorithm> + use<> {
        let without = self.without;
        SignatureAlgorithm::ALL.iter().copied().filter(move |alg| !without.contains(alg))
    }
}

/// Makes one `#[test]` for each property of the suite.
#[macro_export]
macro_rules! suite {
    ($backend:expr) => {
        $crate::suite!($backend, without: []);
    };
    ($backend:expr, without: [$($alg:ident),* $(,)?]) => {
        const SUBJECT: $crate::Subject =
            $crate::Subject::new($backend, &[$($crate::Algorithm::$alg),*]);
        $crate::family!(jwk:
        );
        $crate::family!(jws:
        );
        $crate::family!(jwt:
        );
        $crate::family!(misuse:
        );
        $crate::family!(vectors:
        );
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! family {
    ($family:ident: $($property:ident)*) => {
        mod $family {
            $(
                #[test]
                fn $property() {
                    $crate::$family::$property(&super::SUBJECT);
                }
            )*
        }
    };
}

#[cfg(test)]
mod tests {
    /// The names after `pub fn` at the start of a line.
    fn properties(source: &str) -> Vec<&str> {
        let names = source.lines().filter_map(|line| line.strip_prefix("pub fn "));
        names.map(|rest| rest.split('(').next().unwrap()).collect()
    }

    #[test]
    fn the_suite_runs_every_property_there_is() {
        let suite = include_str!("lib.rs");
        for (family, source) in [
            ("jwk", include_str!("jwk.rs")),
            ("jws", include_str!("jws.rs")),
            ("jwt", include_str!("jwt.rs")),
            ("misuse", include_str!("misuse.rs")),
            ("vectors", include_str!("vectors.rs")),
        ] {
            let list = suite.split_once(&format!("family!({family}:")).unwrap().1;
            let list: Vec<_> = list.split_once(");").unwrap().0.split_whitespace().collect();
            assert_eq!(list, properties(source), "family {family}");
        }
    }
}
