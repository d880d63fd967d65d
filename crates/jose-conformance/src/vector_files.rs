//! The vectors by name. A test holds this list to what is in the folder.

macro_rules! files {
    ($($name:literal,)+) => {
        &[$(($name, include_str!(concat!("../vectors/", $name, ".txt"))),)+]
    };
}

/// Name without its ending, and text.
pub(crate) const FILES: &[(&str, &str)] = files![
    "ecdsa/es256-both-padded",
    "ecdsa/es256-both-zero",
    "ecdsa/es256-der",
    "ecdsa/es256-key-off-curve",
    "ecdsa/es256-key-on-p-384",
    "ecdsa/es256-key-zero",
    "ecdsa/es256-one-octet-long",
    "ecdsa/es256-one-octet-short",
    "ecdsa/es256-r-is-n",
    "ecdsa/es256-r-leading-zero",
    "ecdsa/es256-r-zero",
    "ecdsa/es256-s-high",
    "ecdsa/es256-s-is-n",
    "ecdsa/es256-s-low",
    "ecdsa/es256-s-zero",
    "ecdsa/es256k-both-padded",
    "ecdsa/es256k-both-zero",
    "ecdsa/es256k-der",
    "ecdsa/es256k-one-octet-long",
    "ecdsa/es256k-one-octet-short",
    "ecdsa/es256k-r-is-n",
    "ecdsa/es256k-r-leading-zero",
    "ecdsa/es256k-r-zero",
    "ecdsa/es256k-s-high",
    "ecdsa/es256k-s-is-n",
    "ecdsa/es256k-s-low",
    "ecdsa/es256k-s-zero",
    "eddsa/ed25519-key-not-reduced",
    "eddsa/ed25519-key-off-curve",
    "eddsa/ed25519-key-order-1",
    "eddsa/ed25519-key-order-1-not-reduced",
    "eddsa/ed25519-key-order-2",
    "eddsa/ed25519-key-order-4",
    "eddsa/ed25519-key-order-8",
    "eddsa/ed25519-key-token-says-ed448",
    "eddsa/ed25519-key-token-says-eddsa",
    "eddsa/ed25519-r-negative-zero",
    "eddsa/ed25519-r-plus-small-order",
    "eddsa/ed25519-r-y-not-reduced",
    "eddsa/ed25519-s-plus-l",
    "eddsa/ed448-key-not-reduced",
    "eddsa/ed448-key-off-curve",
    "eddsa/ed448-key-order-1",
    "eddsa/ed448-key-order-1-not-reduced",
    "eddsa/ed448-key-order-2",
    "eddsa/ed448-key-order-4",
    "eddsa/ed448-key-token-says-eddsa",
    "eddsa/ed448-r-negative-zero",
    "eddsa/ed448-r-y-not-reduced",
    "eddsa/ed448-s-plus-l",
    "eddsa/eddsa-key-token-says-ed25519",
    "hmac/hs256-key-31-octets",
    "own/ES256",
    "own/ES256K",
    "own/ES384",
    "own/ES512",
    "own/Ed25519",
    "own/Ed448",
    "own/EdDSA",
    "own/HS256",
    "own/HS384",
    "own/HS512",
    "own/PS256",
    "own/PS384",
    "own/PS512",
    "own/RS256",
    "own/RS384",
    "own/RS512",
    "rfc7515/a.1",
    "rfc7515/a.1-alg-hs384",
    "rfc7515/a.1-alg-none",
    "rfc7515/a.1-alg-none-mixed-case",
    "rfc7515/a.1-alg-none-upper-case",
    "rfc7515/a.1-alg-twice",
    "rfc7515/a.1-four-segments",
    "rfc7515/a.1-header-array",
    "rfc7515/a.1-payload-changed",
    "rfc7515/a.1-signature-bit-flipped",
    "rfc7515/a.1-signature-empty",
    "rfc7515/a.1-signature-padded",
    "rfc7515/a.1-signature-spare-bits",
    "rfc7515/a.1-signature-truncated",
    "rfc7515/a.1-two-segments",
    "rfc7515/a.2",
    "rfc7515/a.2-as-hs256-der",
    "rfc7515/a.2-as-hs256-jwk",
    "rfc7515/a.2-as-hs256-pem",
    "rfc7515/a.2-bound-to-hs256",
    "rfc7515/a.2-standard-alphabet",
    "rfc7515/a.3",
    "rfc7515/a.4",
    "rfc7517/a.1",
    "rfc7517/a.2",
    "rfc7517/a.3",
    "rfc7519/3.1",
    "rfc7520/3.1",
    "rfc7520/3.2",
    "rfc7520/3.3",
    "rfc7520/3.4",
    "rfc7520/3.5",
    "rfc7520/3.6",
    "rfc7520/4.1",
    "rfc7520/4.2",
    "rfc7520/4.3",
    "rfc7520/4.4",
    "rfc7638/3.1",
    "rfc8037/a.1",
    "rfc8037/a.2",
    "rfc8037/a.3",
    "rfc8037/a.4",
    "rfc8037/a.5",
    "rfc9278/3",
    "rsa/ps256-leading-zero",
    "rsa/ps256-leading-zero-added",
    "rsa/ps256-leading-zero-stripped",
    "rsa/ps256-mgf1-sha-1",
    "rsa/ps256-salt-0",
    "rsa/ps256-salt-222",
    "rsa/ps256-signed-as-rs256",
    "rsa/rs256-bare-digest",
    "rsa/rs256-block-type-2",
    "rsa/rs256-digest-info-without-null",
    "rsa/rs256-e3",
    "rsa/rs256-e3-forged-garbage-after",
    "rsa/rs256-e3-forged-padding-too-short",
    "rsa/rs256-garbage-after-digest-info",
    "rsa/rs256-garbage-in-parameters",
    "rsa/rs256-key-1024-bits",
    "rsa/rs256-key-e-1",
    "rsa/rs256-key-e-2",
    "rsa/rs256-leading-zero",
    "rsa/rs256-leading-zero-added",
    "rsa/rs256-leading-zero-stripped",
    "rsa/rs256-one-octet-after-digest-info",
    "rsa/rs256-padding-not-ff",
    "rsa/rs256-padding-too-short",
    "rsa/rs256-s-plus-n",
    "rsa/rs256-signed-as-ps256",
    "rsa/rs256-signed-as-rs384",
    "rsa/rs256-wrong-hash-oid",
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::FILES;

    #[test]
    fn every_vector_in_the_folder_is_in_the_list() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
        let mut names = Vec::new();
        for folder in std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap()) {
            if !folder.file_type().unwrap().is_dir() {
                continue;
            }
            for file in std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap()) {
                let (folder, file) = (folder.file_name(), file.file_name());
                if let Some(name) = file.to_str().unwrap().strip_suffix(".txt") {
                    names.push(format!("{}/{name}", folder.to_str().unwrap()));
                }
            }
        }
        names.sort_unstable();
        let listed: Vec<_> = FILES.iter().map(|(name, _)| *name).collect();
        assert_eq!(listed, names);
    }
}
