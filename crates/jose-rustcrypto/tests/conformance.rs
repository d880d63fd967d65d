//! The conformance suite.

// A pre-release is all there is of Ed448 and X448 in RustCrypto.
jose_conformance::suite!(jose_rustcrypto::BACKEND, without: [Ed448], without_curves: [X448]);
