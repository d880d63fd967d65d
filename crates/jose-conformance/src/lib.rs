//! What every backend of `jose-core` has to do, as tests.
//!
//! A backend runs the whole suite with one line in a test file of its own; each property becomes a
//! test of its own name. A backend that lacks algorithms names them, and the suite holds it to
//! lacking exactly those, so that none goes missing unnoticed:
//!
//! ```
//! # mod my_backend {
//! #     use jose_core::{crypto::{Backend, CryptoError}, jwa::Hash};
//! #     #[derive(Debug)]
//! #     pub struct Mine;
//! #     impl Backend for Mine {
//! #         fn name(&self) -> &'static str { "mine" }
//! #         fn digest(&self, _: Hash, _: &[&[u8]], _: &mut [u8]) -> Result<(), CryptoError> {
//! #             Err(CryptoError::default())
//! #         }
//! #         fn random(&self, _: &mut [u8]) -> Result<(), CryptoError> {
//! #             Err(CryptoError::default())
//! #         }
//! #     }
//! #     pub const BACKEND: &dyn Backend = &Mine;
//! # }
//! jose_conformance::suite!(my_backend::BACKEND, without: [Ed448]);
//! # fn main() {}
//! ```
//!
//! The families: [`jws`] (signatures), [`jwk`] (keys), [`jwt`] (claims), [`misuse`] (what attackers
//! and mistakes do), [`vectors`] (known answers, and known forgeries).
#![forbid(unsafe_code)]
#![allow(
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

extern crate alloc;

pub mod jwk;
pub mod jws;
pub mod jwt;
pub mod keys;
pub mod misuse;
mod vector_files;
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
            a_generated_key_signs_and_its_public_half_verifies
            a_generated_key_is_bound_and_named
            a_generated_key_takes_the_name_it_is_given
            generated_keys_differ
            generated_keys_have_their_sizes
            a_key_for_an_algorithm_that_is_lacking_is_not_made
            keys_round_trip_through_json
            the_public_half_has_no_private_member
            the_public_half_verifies_where_the_private_one_signs
            a_shared_key_is_never_published
            a_thumbprint_is_that_of_the_public_half
            an_ml_dsa_key_is_read_and_published
            a_key_of_unknown_type_is_kept
            halves_that_do_not_match_are_refused
            a_private_key_out_of_range_is_refused
            a_point_off_its_curve_is_refused
            rsa_members_that_contradict_each_other_are_refused
            an_rsa_key_of_n_e_and_d_alone_signs
            an_rsa_key_of_16384_bits_loads
        );
        $crate::family!(jws:
            the_backend_has_every_algorithm_but_those_named
            what_is_signed_verifies
            payloads_of_every_size_verify
            a_signature_has_the_length_of_its_algorithm
            a_flipped_bit_is_refused
            a_signature_of_another_length_is_refused
            a_constant_signature_is_refused
            a_key_serves_its_own_algorithm_alone
            the_two_names_of_ed25519_are_one_algorithm
            signing_in_two_steps_is_signing_in_one
            the_digest_is_that_of_the_signing_input
            attaching_a_signature_of_another_length_is_refused
            an_asn1_signature_can_be_attached
            digests_are_those_of_fips_180
            random_octets_differ
            keys_are_shared_between_threads
        );
        $crate::family!(jwt:
        );
        $crate::family!(misuse:
        );
        $crate::family!(vectors:
            rfc7515
            rfc7517
            rfc7519
            rfc7520
            rfc7638
            rfc8037
            rfc9278
            foreign_tokens_of_every_algorithm
            ecdsa_edges
            eddsa_edges
            hmac_edges
            rsa_edges
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
