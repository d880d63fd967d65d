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
//! jose_conformance::suite!(my_backend::BACKEND, without: [Ed448], without_curves: [X448]);
//! # fn main() {}
//! ```
//!
//! A backend that does nothing but what FIPS 140-3 approves names what it refuses for that alone, after
//! `not_approved:`, from [`Unapproved`]. What is named there is refused with `KeyError::NotApproved`,
//! what it lacks with `KeyError::Unsupported`, and nothing else is refused:
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
//! jose_conformance::suite!(my_backend::BACKEND, not_approved: [ES256K, X25519, X448, RSA1_5]);
//! # fn main() {}
//! ```
//!
//! The families: [`jws`] (signatures), [`jwe`] (encryption), [`jwk`] (keys), [`jwt`] (claims),
//! [`misuse`] (what attackers and mistakes do), [`vectors`] (known answers, and known forgeries).
#![forbid(unsafe_code)]
#![allow(
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]
#![allow(clippy::wildcard_imports, reason = "a family's files share their helpers")]

extern crate alloc;

pub mod jwe;
pub mod jwk;
pub mod jws;
pub mod jwt;
pub mod keys;
pub mod misuse;
mod vector_files;
pub mod vectors;

use jose_core::crypto::{Backend, NewKey};
use jose_core::error::KeyError;
#[doc(hidden)]
pub use jose_core::jwa::SignatureAlgorithm as Algorithm;
use jose_core::jwa::{Alg, KeyManagementAlgorithm, SignatureAlgorithm};
use jose_core::jwk::{EcCurve, OkpCurve, Params};

/// The backend under test, and what it is known to lack or to refuse.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    backend: &'static dyn Backend,
    without: &'static [SignatureAlgorithm],
    without_curves: &'static [Curve],
    not_approved: &'static [Unapproved],
}

/// What a backend may refuse, able or not, because FIPS 140-3 does not approve of it.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unapproved {
    /// Signatures on secp256k1.
    ES256K,
    /// Signatures on Ed25519 and Ed448, by any name.
    EdDSA,
    /// Keys derived by PBKDF2 from a password of fewer than 8 octets, with a salt of which fewer than
    /// 16 were drawn, or in fewer than 1000 rounds.
    Guessable,
    /// RSA keys whose public exponent is below 65537.
    LowExponent,
    /// Decryption by PKCS #1 v1.5.
    RSA1_5,
    /// Keys derived by scrypt.
    Scrypt,
    /// Key agreement on Curve448.
    X448,
    /// Key agreement on Curve25519.
    X25519,
}

/// A curve that keys are agreed on (RFC 7518 §4.6, RFC 8037 §3.2).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Curve {
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
    /// Curve25519 in Montgomery form.
    X25519,
    /// Curve448 in Montgomery form.
    X448,
}

impl Curve {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::P256, Self::P384, Self::P521, Self::X25519, Self::X448];

    /// What a backend is asked for a key on it.
    #[must_use]
    pub const fn new_key(self) -> NewKey {
        match self {
            Self::P256 => NewKey::Ec(EcCurve::P256),
            Self::P384 => NewKey::Ec(EcCurve::P384),
            Self::P521 => NewKey::Ec(EcCurve::P521),
            Self::X25519 => NewKey::Okp(OkpCurve::X25519),
            Self::X448 => NewKey::Okp(OkpCurve::X448),
        }
    }

    /// Its registered name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::X25519 => "X25519",
            Self::X448 => "X448",
        }
    }

    const fn unapproved(self) -> Option<Unapproved> {
        match self {
            Self::X25519 => Some(Unapproved::X25519),
            Self::X448 => Some(Unapproved::X448),
            Self::P256 | Self::P384 | Self::P521 => None,
        }
    }
}

impl Subject {
    /// A backend that has every algorithm but those in `without`, and agrees on keys on every curve
    /// but those in `without_curves`.
    #[must_use]
    pub const fn new(
        backend: &'static dyn Backend,
        without: &'static [SignatureAlgorithm],
        without_curves: &'static [Curve],
    ) -> Self {
        Self { backend, without, without_curves, not_approved: &[] }
    }

    /// That also refuses these, which are not approved.
    #[must_use]
    pub const fn refusing(mut self, not_approved: &'static [Unapproved]) -> Self {
        self.not_approved = not_approved;
        self
    }

    /// The backend.
    #[must_use]
    pub const fn backend(&self) -> &'static dyn Backend {
        self.backend
    }

    /// Whether it refuses `what`, which is not approved.
    #[must_use]
    pub fn refuses(&self, what: Unapproved) -> bool {
        self.not_approved.contains(&what)
    }

    /// Whether it refuses `key` under `alg`, which are not approved together.
    #[must_use]
    pub fn refuses_key(&self, alg: Alg, key: &Params) -> bool {
        let of_key = match (alg, key) {
            (_, Params::Rsa(rsa)) if rsa.e().len() < 3 => Some(Unapproved::LowExponent),
            (Alg::KeyManagementAlgorithm(_), Params::Okp(okp)) => match okp.crv() {
                OkpCurve::X25519 => Some(Unapproved::X25519),
                OkpCurve::X448 => Some(Unapproved::X448),
                _ => None,
            },
            _ => None,
        };
        let of_alg = match alg {
            Alg::SignatureAlgorithm(alg) => not_approved(alg),
            Alg::KeyManagementAlgorithm(KeyManagementAlgorithm::RSA1_5) => Some(Unapproved::RSA1_5),
            _ => None,
        };
        [of_key, of_alg].into_iter().flatten().any(|what| self.refuses(what))
    }

    /// Whether it lacks `alg`, or refuses it.
    #[must_use]
    pub fn lacks(&self, alg: SignatureAlgorithm) -> bool {
        self.lack(alg).is_some()
    }

    /// How it has to say so.
    pub(crate) fn lack(&self, alg: SignatureAlgorithm) -> Option<Lack> {
        let refused = not_approved(alg).is_some_and(|what| self.refuses(what));
        Lack::of(refused, self.without.contains(&alg))
    }

    /// Whether `error` is how it has to say that it does not have `alg`.
    #[must_use]
    pub fn is_no_to(&self, alg: SignatureAlgorithm, error: &KeyError) -> bool {
        self.lack(alg).is_some_and(|lack| lack.is(error))
    }

    /// The algorithms it has.
    pub fn algorithms(&self) -> impl Iterator<Item = SignatureAlgorithm> + use<> {
        let own = *self;
        SignatureAlgorithm::ALL.iter().copied().filter(move |alg| !own.lacks(*alg))
    }

    /// Whether it does not agree on keys on `curve`.
    #[must_use]
    pub fn lacks_curve(&self, curve: Curve) -> bool {
        self.lack_of_curve(curve).is_some()
    }

    /// How it has to say so.
    pub(crate) fn lack_of_curve(&self, curve: Curve) -> Option<Lack> {
        let refused = curve.unapproved().is_some_and(|what| self.refuses(what));
        Lack::of(refused, self.without_curves.contains(&curve))
    }

    /// Whether `error` is how it has to say that it does not agree on keys on `curve`.
    #[must_use]
    pub fn is_no_to_curve(&self, curve: Curve, error: &KeyError) -> bool {
        self.lack_of_curve(curve).is_some_and(|lack| lack.is(error))
    }

    /// The curves that it agrees on keys on.
    pub fn curves(&self) -> impl Iterator<Item = Curve> + use<> {
        let own = *self;
        Curve::ALL.into_iter().filter(move |curve| !own.lacks_curve(*curve))
    }

    /// The algorithms that it wraps keys by, agrees on them, or takes them for content.
    pub fn key_managements(&self) -> impl Iterator<Item = KeyManagementAlgorithm> + use<> {
        let without = self.refuses(Unapproved::RSA1_5);
        let all = KeyManagementAlgorithm::ALL.iter().copied();
        all.filter(move |alg| !(without && *alg == KeyManagementAlgorithm::RSA1_5))
    }
}

/// Why a backend does not have something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Lack {
    NotApproved,
    Unsupported,
}

impl Lack {
    /// Policy comes first: what is not approved is not looked for.
    fn of(not_approved: bool, unsupported: bool) -> Option<Self> {
        match (not_approved, unsupported) {
            (true, _) => Some(Self::NotApproved),
            (false, true) => Some(Self::Unsupported),
            (false, false) => None,
        }
    }

    /// Whether `error` tells it.
    pub(crate) fn is(self, error: &KeyError) -> bool {
        let told = match error {
            KeyError::NotApproved { .. } => Self::NotApproved,
            KeyError::Unsupported { .. } => Self::Unsupported,
            _ => return false,
        };
        assert_eq!(error.code(), "ERR_JWK_UNSUPPORTED");
        self == told
    }
}

const fn not_approved(alg: SignatureAlgorithm) -> Option<Unapproved> {
    use SignatureAlgorithm as S;
    match alg {
        S::ES256K => Some(Unapproved::ES256K),
        S::EdDSA | S::Ed25519 | S::Ed448 => Some(Unapproved::EdDSA),
        _ => None,
    }
}

/// Makes one `#[test]` for each property of the suite. The lists may be left out where they are empty.
#[macro_export]
macro_rules! suite {
    (
        $backend:expr
        $(, without: [$($alg:ident),* $(,)?])?
        $(, without_curves: [$($curve:ident),* $(,)?])?
        $(, not_approved: [$($what:ident),* $(,)?])?
        $(,)?
    ) => {
        fn subject() -> $crate::Subject {
            $crate::Subject::new(
                $backend,
                &[$($($crate::Algorithm::$alg),*)?],
                &[$($($crate::Curve::$curve),*)?],
            )
            .refusing(&[$($($crate::Unapproved::$what),*)?])
        }
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
            a_key_can_be_made_for_every_algorithm
            a_key_for_agreement_can_be_made_on_every_curve
            a_shared_key_is_made_of_any_number_of_octets
            a_generated_key_is_named_as_asked
            a_generated_key_carries_what_it_was_to_have
            a_member_that_has_a_meaning_is_not_added
            a_key_of_any_name_is_read_again
            the_example_of_rfc_7518_is_agreed_on
            both_sides_agree_on_every_curve
            a_key_agreed_on_is_that_of_a_token
            agreement_takes_one_half_of_each
            agreement_takes_keys_of_one_curve
            agreement_takes_no_weak_point
            agreement_takes_keys_that_are_for_it
            a_key_agreed_on_has_a_length
            a_curve_that_is_lacking_agrees_on_nothing
            an_encrypted_key_comes_back
            an_encrypted_set_comes_back
            a_password_protects_a_key
            a_key_is_encrypted_as_the_caller_says
            an_encrypted_key_is_not_compressed
            an_encrypted_key_says_that_it_is_one
            what_is_inside_has_to_be_a_key
            an_encrypted_key_is_a_token_like_any
            the_encrypted_key_of_rfc_7517_is_read
            a_key_is_found_for_what_it_can_be_loaded_for
            a_published_set_verifies_and_signs_nothing
            a_generated_key_is_at_most_worth_a_note
            a_random_shared_key_is_not_weak
            halves_that_do_not_match_are_found
            what_cannot_be_loaded_is_found
            what_must_not_be_published_is_found
            a_name_that_tells_of_the_secret_is_found
            a_repeated_name_is_an_error_where_it_matches_nothing
            a_key_in_a_file_is_the_key_it_was
            a_key_is_written_as_another_program_writes_it
            the_format_of_a_file_is_told
            a_kind_of_key_that_is_lacking_is_not_imported
            a_chain_of_certificates_gives_one_key
            the_certificate_of_rfc_7517_is_of_its_key
            an_ml_dsa_key_in_a_file_is_read_by_a_backend_that_has_such_keys
            a_file_cut_short_is_no_key
            pem_cut_short_is_no_key
            nothing_stands_behind_a_key
            another_encoding_of_the_same_structure_is_refused
            integers_in_a_key_are_positive_and_minimal
            a_version_that_does_not_exist_is_refused
            an_rsa_key_of_three_primes_is_refused
            an_algorithm_has_its_own_parameters
            a_curve_in_numbers_is_refused
            a_kind_of_key_without_a_place_in_jose_is_told
            attributes_of_a_key_are_left_alone
            members_of_a_key_in_a_file_have_their_length
            a_public_key_is_made_of_whole_octets
            another_format_is_told_by_its_name
            a_file_with_one_octet_changed_is_a_checked_key_or_none
            a_key_has_the_members_of_its_type
            numbers_and_coordinates_have_one_spelling
            numbers_of_an_rsa_key_come_together
            members_of_every_key_have_their_types
            a_member_stands_once_in_a_key
            members_of_a_key_without_meaning_are_kept
            a_set_has_an_array_of_keys
            an_rsa_modulus_in_a_file_is_odd_and_has_its_size
            an_rsa_exponent_in_a_file_is_odd_and_within_32_bits
            a_factor_of_an_rsa_key_is_prime
            the_numbers_of_an_rsa_key_belong_together
            another_rsa_public_key_in_the_same_file_is_refused
            a_modulus_that_can_be_factored_is_no_key
            a_scalar_in_a_file_is_in_range
            another_public_key_beside_a_scalar_is_refused
            two_curves_in_one_file_are_refused
            a_point_in_a_file_is_on_its_curve
            another_public_key_beside_a_seed_is_refused
            a_point_of_small_order_in_a_file_is_refused
            a_key_under_a_password_comes_back
            the_dearest_encryption_that_is_written_is_read
            the_work_of_a_password_on_a_file_has_bounds
            an_empty_password_encrypts_nothing
            only_a_private_key_is_encrypted_in_pkcs8
            no_two_encryptions_of_a_key_are_alike
            a_wrong_password_is_told_as_that_alone
            a_long_password_is_taken_whole
            a_file_asks_for_a_bounded_number_of_rounds
            a_file_asks_for_a_bounded_cost_of_scrypt
            the_length_of_a_derived_key_is_that_of_its_cipher
            an_encrypted_key_is_made_of_whole_blocks
            another_way_to_encrypt_is_not_supported
            what_is_encrypted_has_to_be_a_key_in_pkcs8
            an_rsa_key_of_n_e_and_d_alone_is_completed
            an_rsa_key_with_its_primes_comes_back_as_it_is
            an_rsa_key_whose_numbers_contradict_each_other_is_not_completed
            what_has_nothing_to_add_comes_back_unchanged
            a_kind_of_key_that_is_lacking_is_not_checked
            the_structure_of_a_key_is_checked_apart_from_its_consistency
            the_structure_of_an_rsa_key_has_a_small_exponent
            an_ed25519_key_off_its_curve_is_not_consistent
            text_is_never_a_shared_key
            a_shared_key_comes_from_json_alone
            json_is_a_key_or_a_set_of_keys
            pem_with_several_keys_gives_a_set
            a_key_with_its_certificates_is_one_key
            certificates_are_of_the_one_key
            a_key_in_an_unknown_format_is_not_passed_over
            a_block_is_of_the_format_of_its_label
            a_password_that_is_missing_is_asked_for
            a_key_that_does_not_fit_says_what_it_is
            a_file_beyond_the_limit_is_not_read
            a_key_in_json_is_checked_like_any
            a_file_has_a_bounded_number_of_blocks
            a_type_that_is_not_known_is_not_shown
            pem_of_another_format_is_told_by_name
            a_key_fits_content_encryption_by_its_length
            an_unknown_key_fits_no_key_management
            the_point_zero_has_no_structure
            a_private_exponent_is_below_its_modulus
            a_factor_is_neither_one_nor_the_modulus
        );
        $crate::family!(jws:
            the_backend_has_every_algorithm_but_those_named
            what_is_served_in_a_fips_module_is_what_is_approved
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
            what_is_signed_verifies_in_every_form
            a_serialization_is_told_by_its_structure
            json_that_is_parsed_already_reads_alike
            conversions_lose_nothing
            a_conversion_that_would_lose_something_is_refused
            an_empty_payload_in_compact_form_may_be_elsewhere
            a_jws_does_not_show_its_payload
            a_header_of_the_greatest_length_is_signed
            errors_of_signatures_say_what_and_why
            several_keys_sign_one_payload
            a_signature_more_leaves_the_others_as_they_are
            no_signature_hides_a_good_one
            outcomes_tell_of_each_signature
            a_single_signature_is_refused_for_its_own_reason
            an_unprotected_kid_selects
            a_verifier_that_cannot_answer_stops_no_other
            many_signatures_have_a_bounded_number_of_keys_tried
            claims_of_several_are_held_to_the_rules
            claims_in_json_are_always_encoded
            all_signatures_are_more_than_any
            keys_are_required_by_their_own_names
            at_least_one_signature_has_to_be_valid
            an_empty_requirement_is_never_met
            what_nobody_signed_is_not_verified
            a_key_counts_once
            an_external_key_counts_once
            a_shared_key_with_zeros_counts_once
            a_shared_key_and_the_digest_that_stands_for_it_count_once
            a_policy_is_held_to_by_a_compact_token
            a_signature_taken_alone_is_not_all
            claims_are_not_accepted_under_a_laxer_policy
            signatures_made_elsewhere_are_attached
            an_asn1_signature_can_be_attached_to_a_jws
            a_signature_for_another_payload_is_not_attached
            a_signature_of_another_length_is_not_attached
            an_unprotected_header_makes_no_compact_token
            a_device_that_fails_adds_no_signature
            a_detached_payload_is_given_apart
            a_detached_compact_token_alone_is_refused
            a_payload_is_not_given_twice
            a_detached_jws_can_be_signed_again
            a_payload_that_is_elsewhere_is_not_signed
            an_unencoded_payload_is_named_critical_once
            an_unencoded_payload_excuses_no_other_crit
            an_encoded_payload_is_not_named
            a_header_that_contradicts_its_payload_is_not_signed
            octets_are_signed_as_they_are
            an_unencoded_payload_in_compact_form_is_printable_ascii
            an_unencoded_payload_in_json_is_any_text
            every_signature_of_an_unencoded_payload_says_so
            an_unencoded_payload_signed_elsewhere_is_attached
            a_stream_signs_and_verifies_what_the_whole_would
            a_stream_of_other_pieces_is_refused
            a_payload_that_is_there_is_not_streamed
            what_cannot_stream_signs_nothing_in_pieces
            what_cannot_stream_stops_nobody_who_can
            a_signer_comes_before_the_first_piece
            a_stream_signs_no_header_that_the_whole_would_not
            a_device_that_fails_in_a_stream_answers_nothing
            a_device_that_streams_another_length_makes_no_signature
            several_keys_sign_one_stream
            a_key_that_cannot_stream_has_not_said_no
            a_stream_refuses_what_the_whole_does
            a_key_verifies_until_the_moment_it_retires
            an_announced_key_is_there_before_it_signs
            keys_of_several_algorithms_follow_one_another
            a_revoked_key_verifies_nothing_from_then_on
            a_ring_publishes_no_secret
            a_retiring_key_keeps_its_public_half_alone
            a_ring_is_made_again_of_its_keys
            a_ring_tells_its_keys_apart
            a_key_that_cannot_take_its_turn_is_refused_at_once
            only_an_announced_key_takes_over
            a_shared_key_with_zeros_is_the_same_key
        );
        $crate::family!(jwe:
            every_algorithm_encrypts_and_decrypts_in_every_form
            every_curve_agrees_on_keys
            the_backend_has_every_curve_but_those_named
            rsa1_5_encrypts_nothing
            a_generated_key_encrypts_and_decrypts
            no_key_for_agreement_is_made_on_another_curve
            content_of_every_length_comes_back
            nothing_is_encrypted_alike_twice
            content_is_encrypted_by_a256gcm_by_default
            content_is_read_as_the_caller_asks
            nothing_secret_is_shown
            an_aes_key_has_exactly_its_size
            an_rsa_key_that_is_short_encrypts_and_decrypts_nothing
            a_key_of_another_type_does_not_encrypt
            a_key_on_another_curve_agrees_on_nothing
            a_key_for_another_use_does_not_encrypt
            key_operations_are_honoured
            the_halves_of_a_key_have_one_purpose_each
            a_key_decrypts_under_its_own_algorithm_alone
            a_key_without_an_algorithm_has_to_be_bound
            a_key_bound_to_something_else_does_not_encrypt
            a_direct_key_names_its_content_encryption
            a_direct_key_serves_its_own_encryption_alone
            a_password_is_no_key
            a_password_decrypts_what_it_encrypted
            a_password_takes_its_rounds
            a_salt_begins_with_its_algorithm
            the_rounds_of_a_password_have_bounds
            a_public_key_of_small_order_agrees_on_nothing
            a_key_off_its_curve_agrees_on_nothing
            rsa1_5_has_to_be_asked_for
            no_octet_of_a_token_can_be_changed
            a_tag_has_exactly_its_length
            no_octet_moves_between_parts
            an_encrypted_key_has_exactly_its_length
            a_wrapped_key_has_a_whole_tag
            a_key_of_another_length_is_no_other_failure
            the_content_is_tried_whatever_comes_out
            a_direct_key_is_not_tried_beside_another
            rsa1_5_tells_nothing_of_its_padding
            keys_remember_nothing
            a_header_names_both_algorithms
            an_algorithm_is_named_letter_for_letter
            content_encryption_can_be_restricted
            what_is_critical_has_to_be_understood
            a_header_that_breaks_crit_is_not_encrypted
            what_changes_decryption_is_protected
            an_unprotected_enc_is_refused_unless_the_caller_accepts_it
            registered_parameters_have_their_types
            an_encrypted_header_is_one_plain_object
            a_private_ephemeral_key_is_refused
            an_ephemeral_key_is_on_the_same_curve
            an_ephemeral_key_of_small_order_is_refused
            parameters_that_an_algorithm_needs_are_there
            a_salt_has_bounds
            the_rounds_are_looked_at_before_they_are_done
            two_parties_are_not_one
            the_parties_change_the_key
            parameters_of_the_encryption_are_its_own
            a_header_that_contradicts_the_key_is_not_encrypted
            a_jwe_has_at_least_one_recipient
            an_encrypted_object_in_two_serializations_is_in_neither
            a_signed_token_is_no_encrypted_one
            members_of_a_jwe_have_their_types
            an_empty_header_of_a_jwe_is_absent
            an_absent_ciphertext_is_not_an_empty_one
            a_name_stands_once_in_a_jwe
            no_parameter_is_in_two_headers
            headers_that_overlap_are_not_encrypted
            more_recipients_than_the_limit_are_refused
            a_jwe_beyond_its_limits_is_refused
            a_token_in_json_beyond_the_limit_is_refused
            nothing_stands_around_a_jwe
            a_compact_jwe_has_one_spelling
            members_of_a_jwe_without_meaning_are_kept
            conversions_of_a_jwe_lose_nothing
            a_conversion_of_a_jwe_that_would_lose_something_is_refused
            an_empty_ciphertext_is_written
            errors_of_encryption_say_what_and_why
            each_recipient_finds_its_own_part
            the_first_recipient_whose_key_we_have_is_taken
            no_recipient_hides_a_good_one
            recipients_of_which_none_can_be_read_are_no_jwe
            a_direct_key_has_no_other_recipient_beside_it
            additional_data_is_authenticated
            headers_of_all_and_of_one_are_told_apart
            unprotected_headers_are_anyones
            a_jwe_has_a_bounded_number_of_keys_tried
            many_recipients_ask_for_a_bounded_number_of_rounds
            no_more_recipients_are_made_than_are_read
            the_refusal_that_counts_is_told
            a_named_key_decrypts
            a_nameless_token_has_a_bounded_number_of_keys_tried
            a_name_of_two_keys_is_ambiguous
            the_reason_why_no_key_decrypts_is_told
            a_key_that_is_missing_is_named
            a_key_without_an_algorithm_serves_what_is_allowed
            a_bad_member_of_a_set_decrypts_nothing_else
            a_nameless_key_decrypts_for_any_name_only_if_given_alone
            a_resolver_answers_with_keys_that_decrypt
            a_key_in_an_encrypted_header_is_never_used
            a_nameless_key_for_an_algorithm_serves_any_name
            a_key_that_names_two_encryptions_is_refused
            a_key_that_was_unwrapped_elsewhere_decrypts
            what_headers_decide_is_told_before_a_service_is_asked
            a_key_from_elsewhere_does_not_lift_the_rules_of_direct_encryption
            direct_encryption_authenticates_something
            the_header_of_a_signed_token_is_not_taken_over
            a_key_that_is_held_elsewhere_serves_like_one
            a_device_serves_only_what_it_can_be_asked
            a_device_that_says_no_tells_nothing
            a_device_that_fails_says_nothing_of_what_is_encrypted
            a_content_key_is_kept_when_asked_for
            a_content_key_of_the_callers_has_its_length
            what_a_backend_lacks_is_told
            a_cipher_that_cannot_be_made_is_no_refusal
            encrypted_claims_come_back
            encrypted_claims_are_held_to_the_rules
            an_encrypted_token_has_the_type_that_is_asked_for
            a_condition_sees_what_was_decrypted
            options_are_added_to_encrypted_claims
            what_becomes_no_encrypted_token_says_why
            encrypted_content_that_is_no_object_holds_no_claims
            a_decryption_policy_holds_for_claims
            claims_are_signed_and_then_encrypted
            what_is_inside_has_to_be_signed
            claims_for_several_recipients_are_held_to_the_rules_by_each
            claims_replicated_in_the_header_are_those_inside
            a_token_of_another_kind_asks_no_key
            compressed_content_comes_back
            nothing_is_compressed_by_default
            a_compression_that_is_not_allowed_is_refused
            a_bomb_is_not_inflated
            what_does_not_inflate_is_refused
            compressed_content_may_have_several_recipients
            content_that_does_not_inflate_is_refused_whoever_else_it_is_for
            every_algorithm_wraps_raw_keys
            every_curve_wraps_raw_keys
            no_octet_of_a_wrapped_key_can_be_changed
            a_key_is_unwrapped_with_its_own_ephemeral_key
            the_parties_change_the_wrapping
            a_wrapped_key_is_for_one_key
            a_key_is_unwrapped_at_its_own_length
            an_algorithm_wraps_only_its_lengths
            direct_algorithms_wrap_no_key
            every_algorithm_establishes_keys
            the_key_of_a_token_is_recovered
            a_key_is_recovered_for_its_own_encryption
            rsa1_5_unwraps_no_raw_key
            parameters_of_a_wrapped_key_have_bounds
            a_device_wraps_and_unwraps_raw_keys
            a_key_derived_from_a_password_is_that_of_pbes2
            all_that_a_key_is_derived_from_changes_it
            a_derived_key_has_its_salt_and_rounds
            what_can_be_guessed_derives_a_key_unless_it_is_not_approved
            salts_are_drawn_and_rounds_advised
        );
        $crate::family!(jwt:
            typed_claims_round_trip_under_every_algorithm
            claims_are_signed_as_they_are
            a_claim_the_claims_write_is_never_overridden
            a_registered_claim_of_the_wrong_type_is_not_signed
            a_time_that_is_no_number_is_not_signed
            what_is_no_object_is_not_signed_as_claims
            claims_that_no_reader_takes_are_not_signed
            claims_are_typed_and_octets_are_not
            a_token_names_its_key_unless_told_otherwise
            a_header_that_contradicts_the_key_is_refused
            header_parameters_of_the_callers_are_signed
            durations_follow_the_grammar
            durations_outside_the_grammar_are_refused
            a_token_that_never_lives_is_refused
            a_time_past_the_year_9999_is_not_signed
            two_ways_to_say_one_time_exclude_each_other
            no_time_is_written_unless_one_is_asked_for
            durations_count_from_the_claims_own_iat
            times_are_rounded_down_and_may_be_past
            a_token_name_is_drawn_when_asked_for_and_never_twice
            a_token_name_that_cannot_be_drawn_is_an_error
            what_is_not_signed_says_why
            claims_signed_in_two_steps_verify
            a_token_is_refused_in_the_second_it_expires
            a_token_is_accepted_from_the_second_of_its_nbf
            leeway_moves_each_boundary_by_exactly_itself
            leeway_beyond_ten_minutes_is_refused
            leeway_does_not_wrap_at_either_end_of_time
            a_token_may_be_as_old_as_allowed_and_no_older
            a_token_is_not_too_old_in_the_second_it_was_issued
            an_age_needs_an_iat_that_is_not_in_the_future
            a_future_iat_is_accepted_unless_refused
            fractions_of_a_second_count
            a_time_beyond_the_year_9999_is_malformed
            a_time_of_the_wrong_type_is_malformed
            zero_is_a_time
            a_name_of_the_wrong_type_is_malformed
            an_audience_has_to_name_us
            an_issuer_is_compared_exactly
            one_of_several_expected_values_is_enough
            what_is_asked_for_must_be_there
            a_token_name_is_compared_exactly
            every_broken_rule_is_reported_with_both_values
            an_expired_token_says_when_and_which
            a_condition_is_asked_last_and_never_of_a_forged_token
            a_condition_that_does_not_hold_is_named
            rules_do_not_change_by_being_used
            a_genuine_payload_that_is_no_object_is_refused
            a_repeated_claim_is_refused_at_any_depth
            claims_nested_beyond_the_limit_are_refused
            strict_rules_ask_for_what_the_best_practice_asks_for
            a_typ_is_compared_as_a_media_type
            claims_are_checked_whatever_the_typ
            the_caller_chooses_how_a_payload_is_read
            typed_and_untyped_claims_are_the_same_octets
            a_single_claim_is_read_by_its_name
            claims_that_do_not_fit_are_refused_without_being_quoted
            a_forged_token_is_never_called_expired
            failures_have_their_codes
            errors_say_what_and_why
            errors_quote_nothing_of_the_token
            looking_at_a_token_verifies_nothing
            the_second_half_of_verifying_holds_the_same_rules
            a_condition_that_remembers_sees_no_token_that_is_refused
            a_condition_sees_the_key_that_signed
        );
        $crate::family!(misuse:
            no_spelling_of_none_is_an_algorithm
            an_algorithm_is_named_exactly
            an_algorithm_is_a_string
            a_public_key_is_never_a_shared_secret
            a_token_maced_with_a_public_key_is_refused
            the_empty_key_is_no_key
            a_shared_key_shorter_than_its_hash_is_refused
            an_rsa_modulus_has_its_size
            an_rsa_exponent_is_odd_and_within_32_bits
            a_key_on_another_curve_is_refused
            a_key_on_an_unknown_curve_is_refused
            a_key_of_another_type_is_refused
            a_key_for_another_purpose_is_refused
            a_key_is_bound_to_one_known_algorithm
            the_two_halves_of_a_key_are_not_confused
            the_members_of_two_keys_make_no_key
            a_point_of_small_order_is_no_key
            what_is_critical_must_be_understood
            what_is_registered_is_not_critical
            crit_is_an_array_of_strings
            an_unencoded_payload_is_critical
            claims_are_always_encoded
            a_header_that_breaks_crit_is_not_signed
            a_header_is_signed_whole_or_not_at_all
            a_header_is_one_plain_object
            registered_header_parameters_have_their_types
            a_header_beyond_the_limit_is_refused
            a_chain_in_a_header_is_short
            a_private_key_in_a_header_is_refused
            a_key_that_comes_with_a_token_is_never_trusted
            a_token_has_three_segments
            a_token_beyond_the_limit_is_refused
            a_token_has_one_spelling
            a_token_cut_short_is_refused
            no_bit_of_a_token_can_be_flipped
            a_jws_has_at_least_one_signature
            an_absent_payload_is_not_an_empty_one
            a_payload_is_a_string
            an_object_in_two_serializations_is_in_neither
            an_encrypted_token_is_no_signed_one
            a_name_stands_once_in_an_object
            signatures_that_differ_in_b64_are_refused
            members_in_base64url_have_one_spelling
            more_signatures_than_the_limit_are_refused
            no_more_signatures_are_made_than_are_read
            a_jws_in_json_beyond_the_limit_is_refused
            nothing_stands_around_the_object
            a_jws_is_utf8
            members_without_meaning_are_ignored_and_still_json
            a_stream_is_begun_only_with_keys_that_are_selected
            a_signature_is_an_object
            a_malformed_signature_stops_no_good_one
            no_parameter_is_in_both_headers
            what_changes_verification_is_protected
            an_unprotected_alg_is_refused_unless_the_caller_accepts_it
            members_of_a_signature_have_their_types
            an_empty_header_is_absent
            a_signature_names_its_algorithm
            a_header_in_json_beyond_the_limit_is_refused
            a_signature_that_is_nested_too_deep_stops_no_good_one
            a_private_key_in_an_unprotected_header_is_refused
            a_key_in_an_unprotected_header_is_never_trusted
            a_kid_is_compared_exactly
            strings_are_compared_after_their_escapes
            a_kid_of_two_keys_for_one_algorithm_matches_neither
            one_kid_for_keys_of_different_kinds_is_fine
            a_token_without_kid_has_a_bounded_number_of_keys_tried
            a_thousand_keys_of_one_name_cost_nothing
            a_bad_member_of_a_set_stops_no_good_one
            a_member_of_a_set_that_is_nested_too_deep_stops_no_good_one
            a_key_nested_beyond_the_limit_is_refused
            keys_beyond_the_limit_are_not_read
            a_set_has_a_bounded_number_of_keys
            a_mixed_set_needs_its_algorithms_named
            a_key_without_alg_serves_what_is_allowed
            an_allow_list_is_exact
            an_allowed_algorithm_without_a_key_is_a_key_not_found
            the_reason_why_no_key_matches_is_told
            the_two_names_of_edwards_signatures_are_one_in_a_set
            a_nameless_key_serves_named_tokens_only_if_given_alone
            a_resolver_answers_with_bound_keys
            no_part_of_a_set_spoils_the_rest
            lists_in_a_key_are_short
            collecting_the_keys_of_a_set_widens_nothing
            whether_a_key_matches_can_be_asked_first
            a_set_is_mixed_by_public_keys_alone
            a_device_that_answers_another_length_makes_no_token
            a_device_that_answers_no_rsa_signature_makes_no_token
            what_verifies_elsewhere_is_asked_only_about_possible_lengths
            a_device_that_fails_says_nothing_of_the_token
            a_gullible_verifier_is_asked_of_nothing_but_its_own
            no_type_shows_its_secret
            claims_do_not_show_what_they_say
            no_error_shows_a_secret
        );
        $crate::family!(vectors:
            rfc7515
            rfc7516
            rfc7517
            rfc7518
            rfc7519
            rfc7520
            rfc7638
            rfc7797
            rfc8037
            rfc9278
            rfc9964
            foreign_tokens_of_every_algorithm
            ecdsa_edges
            eddsa_edges
            hmac_edges
            rsa_edges
            foreign_encrypted_tokens_of_every_algorithm
            jwe_edges
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
                    $crate::$family::$property(&super::subject());
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
        let families: [(&str, &[&str]); 6] = [
            (
                "jwk",
                &[
                    include_str!("jwk/mod.rs"),
                    include_str!("jwk/agree.rs"),
                    include_str!("jwk/encrypted.rs"),
                    include_str!("jwk/sets.rs"),
                    include_str!("jwk/lint.rs"),
                    include_str!("jwk/files.rs"),
                    include_str!("jwk/malformed.rs"),
                    include_str!("jwk/members.rs"),
                    include_str!("jwk/contradictions.rs"),
                    include_str!("jwk/points.rs"),
                    include_str!("jwk/passwords.rs"),
                    include_str!("jwk/completion.rs"),
                    include_str!("jwk/import.rs"),
                    include_str!("jwk/fit.rs"),
                ],
            ),
            (
                "jws",
                &[
                    include_str!("jws/compact.rs"),
                    include_str!("jws/json.rs"),
                    include_str!("jws/many.rs"),
                    include_str!("jws/required.rs"),
                    include_str!("jws/two_steps.rs"),
                    include_str!("jws/detached.rs"),
                    include_str!("jws/unencoded.rs"),
                    include_str!("jws/streams.rs"),
                    include_str!("jws/ring.rs"),
                ],
            ),
            (
                "jwe",
                &[
                    include_str!("jwe/content.rs"),
                    include_str!("jwe/keys.rs"),
                    include_str!("jwe/oracle.rs"),
                    include_str!("jwe/header.rs"),
                    include_str!("jwe/json.rs"),
                    include_str!("jwe/many.rs"),
                    include_str!("jwe/key_sets.rs"),
                    include_str!("jwe/outside.rs"),
                    include_str!("jwe/jwt.rs"),
                    include_str!("jwe/deflate.rs"),
                    include_str!("jwe/wrapping.rs"),
                ],
            ),
            (
                "jwt",
                &[
                    include_str!("jwt/signing.rs"),
                    include_str!("jwt/validation.rs"),
                    include_str!("jwt/acceptance.rs"),
                ],
            ),
            (
                "misuse",
                &[
                    include_str!("misuse/confusion.rs"),
                    include_str!("misuse/header.rs"),
                    include_str!("misuse/compact.rs"),
                    include_str!("misuse/json.rs"),
                    include_str!("misuse/entry.rs"),
                    include_str!("misuse/key_sets.rs"),
                    include_str!("misuse/outside.rs"),
                ],
            ),
            ("vectors", &[include_str!("vectors/mod.rs")]),
        ];
        for (family, sources) in families {
            let list = suite.split_once(&format!("family!({family}:")).unwrap().1;
            let list: Vec<_> = list.split_once(");").unwrap().0.split_whitespace().collect();
            let written: Vec<_> = sources.iter().flat_map(|source| properties(source)).collect();
            assert_eq!(list, written, "family {family}");
        }
    }
}
