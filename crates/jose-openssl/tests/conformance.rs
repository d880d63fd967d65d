//! The conformance suite.

jose_conformance::suite!(jose_openssl::BACKEND);
