//! The conformance suite in OpenSSL's FIPS provider 3.5, which has EdDSA.

jose_conformance::suite!(
    jose_tests::fips::backend("3.5."),
    not_approved: [ES256K, Guessable, LowExponent, RSA1_5, Scrypt, X448, X25519],
);
