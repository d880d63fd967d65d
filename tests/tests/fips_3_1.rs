//! The conformance suite in OpenSSL's FIPS provider 3.1, which was validated without EdDSA.

jose_conformance::suite!(
    jose_tests::fips::backend("3.1."),
    not_approved: [ES256K, EdDSA, Guessable, LowExponent, RSA1_5, Scrypt, X448, X25519],
);
