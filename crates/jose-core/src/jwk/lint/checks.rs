//! What can be found, and what to do about it: the rows of the table in [`lint`](super).

use super::Severity;

/// What can be found.
pub(super) struct Check {
    pub(super) code: &'static str,
    pub(super) severity: Severity,
    pub(super) advice: &'static str,
}

impl Check {
    pub(super) const ALG_DEPRECATED: Self =
        warning("alg-deprecated", "use RSA-OAEP-256: RSA1_5 decrypts only where it is asked for");
    pub(super) const ALG_ENC: Self = error(
        "alg-enc",
        "name one content encryption algorithm, best as `alg`: `A256GCM` and the like",
    );
    pub(super) const ALG_RENAMED: Self =
        note("alg-renamed", "name Ed25519 or Ed448, once every reader knows it");
    pub(super) const ALG_SIZE: Self =
        error("alg-size", "make a new key: its algorithm takes no key of this length");
    pub(super) const ALG_TYPE: Self =
        error("alg-type", "correct `alg`: it takes keys of another type or curve");
    pub(super) const DUPLICATE_KID: Self =
        error("duplicate-kid", "give it another name: of two keys of one name none is tried");
    pub(super) const INCONSISTENT: Self = error(
        "inconsistent",
        "get the key anew from its source: its members contradict each other",
    );
    pub(super) const KEY_OPS_ALG: Self =
        error("key-ops-alg", "correct `key_ops`: they allow nothing that the algorithm does");
    pub(super) const KID_TELLS_SECRET: Self =
        warning("kid-tells-secret", "give it a random name: this one helps to guess the secret");
    pub(super) const MISSING_ALG: Self =
        warning("missing-alg", "bind the key to one algorithm with `alg`");
    pub(super) const MISSING_KID: Self =
        warning("missing-kid", "name the key: no token can name it");
    pub(super) const MISSING_USE: Self =
        note("missing-use", "say with `use` whether it signs or encrypts");
    pub(super) const MIXED_HALVES: Self =
        note("mixed-halves", "keep private keys and public ones in sets apart");
    pub(super) const MIXED_SET: Self = warning(
        "mixed-set",
        "keep shared keys and key pairs in sets apart, or always name the algorithms that are allowed",
    );
    pub(super) const OCT_PUBLISHED: Self =
        error("oct-published", "replace the key: whoever has read it can sign and decrypt");
    pub(super) const OCT_SIZE: Self =
        error("oct-size", "make a new key: only a password may have so few octets");
    pub(super) const PRIVATE_PUBLISHED: Self =
        error("private-published", "replace the key, and publish the public half alone");
    pub(super) const REUSED_KID: Self =
        note("reused-kid", "give it another name: readers that select by name alone confuse them");
    pub(super) const RSA_EXPONENT: Self =
        error("rsa-exponent", "make a new key: the exponent must be odd, from 3 to 32 bits long");
    pub(super) const RSA_SHORT: Self = note("rsa-short", "make the next key of at least 3072 bits");
    pub(super) const RSA_SIZE: Self =
        error("rsa-size", "make a new key: the modulus must be odd and have 2048 to 16384 bits");
    pub(super) const SHORT_PASSWORD: Self =
        warning("short-password", "take a longer one, drawn at random: this one can be guessed");
    pub(super) const SKIPPED: Self =
        error("skipped", "correct or remove it: it cannot be read as a key");
    pub(super) const STRAY_PRIVATE: Self =
        error("stray-private", "remove the member: it is private in another type of key");
    pub(super) const UNBOUND_OCT: Self =
        note("unbound-oct", "bind it to an algorithm of its length");
    pub(super) const UNCHECKED: Self =
        note("unchecked", "check it with a backend that has such keys: this one could not");
    pub(super) const UNKNOWN_ALG: Self = note("unknown-alg", "nothing here can use the key");
    pub(super) const UNKNOWN_KTY: Self =
        note("unknown-kty", "nothing here can use the key, or judge it");
    pub(super) const UNKNOWN_USE: Self = note("unknown-use", "nothing here can use the key");
    pub(super) const USE_ALG: Self =
        error("use-alg", "correct `use` or `alg`: one signs, the other encrypts");
    pub(super) const USE_AND_KEY_OPS: Self =
        note("use-and-key-ops", "leave one of `use` and `key_ops` out");
    pub(super) const USE_KEY_OPS: Self =
        error("use-key-ops", "correct `use` or `key_ops`: one signs, the other encrypts");
    pub(super) const WEAK_KEY: Self =
        error("weak-key", "replace the key: its secret can be found out");
    pub(super) const WEAK_OCT_REPETITION: Self =
        error("weak-oct-repetition", "replace the key by a random one: it repeats a pattern");
    pub(super) const WEAK_OCT_SEQUENCE: Self =
        error("weak-oct-sequence", "replace the key by a random one: its octets follow a rule");
    pub(super) const WEAK_OCT_TEXT: Self = warning(
        "weak-oct-text",
        "replace the key by random octets; if the text is base64 or hexadecimal, decode it first",
    );
    pub(super) const WEAK_OCT_VALUES: Self =
        error("weak-oct-values", "replace the key by a random one: it has few different octets");
    pub(super) const X5C_KEY: Self = error(
        "x5c-key",
        "correct or remove `x5c`: its first certificate is not of this key (RFC 7517 §4.7)",
    );
    pub(super) const X5T_ALONE: Self =
        note("x5t-alone", "add `x5t#S256`: SHA-1 no longer tells one from another");
    pub(super) const X5T_X5C: Self = error(
        "x5t-x5c",
        "correct or remove `x5t#S256`: it is not of the first certificate in `x5c`",
    );
}

const fn error(code: &'static str, advice: &'static str) -> Check {
    Check { code, severity: Severity::Error, advice }
}

const fn warning(code: &'static str, advice: &'static str) -> Check {
    Check { code, severity: Severity::Warning, advice }
}

const fn note(code: &'static str, advice: &'static str) -> Check {
    Check { code, severity: Severity::Note, advice }
}
