//! Structures in DER (X.690), as right and as wrong as a test wants them.

/// An element of this tag and content, its length in the fewest octets.
pub(super) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = content.len();
    let mut out = vec![tag];
    match u8::try_from(len) {
        Ok(len @ 0..=0x7F) => out.push(len),
        Ok(len) => out.extend([0x81, len]),
        Err(_) => {
            out.push(0x82);
            out.extend(u16::try_from(len).unwrap().to_be_bytes());
        }
    }
    out.extend(content);
    out
}

pub(super) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(0x30, &parts.concat())
}

/// A positive integer, big-endian, whatever leading zeros it comes with.
pub(super) fn integer(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|octet| **octet == 0).count();
    let number = &number[zeros..];
    match number {
        [] => element(2, &[0]),
        [0x80..=0xFF, ..] => element(2, &[&[0], number].concat()),
        _ => element(2, number),
    }
}

pub(super) fn octets(content: &[u8]) -> Vec<u8> {
    element(4, content)
}

/// A bit string of whole octets.
pub(super) fn bits(content: &[u8]) -> Vec<u8> {
    element(3, &[&[0], content].concat())
}

pub(super) fn oid(content: &[u8]) -> Vec<u8> {
    element(6, content)
}

pub(super) const NULL: &[u8] = &[5, 0];
pub(super) const VERSION_0: &[u8] = &[2, 1, 0];
pub(super) const VERSION_1: &[u8] = &[2, 1, 1];

/// `rsaEncryption`.
pub(super) const RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1];
/// `id-ecPublicKey`.
pub(super) const EC: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1];
pub(super) const P256: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7];
pub(super) const P384: &[u8] = &[0x2B, 0x81, 4, 0, 0x22];
pub(super) const P521: &[u8] = &[0x2B, 0x81, 4, 0, 0x23];
pub(super) const SECP256K1: &[u8] = &[0x2B, 0x81, 4, 0, 0x0A];
pub(super) const X25519: &[u8] = &[0x2B, 0x65, 0x6E];
pub(super) const X448: &[u8] = &[0x2B, 0x65, 0x6F];
pub(super) const ED25519: &[u8] = &[0x2B, 0x65, 0x70];
pub(super) const ED448: &[u8] = &[0x2B, 0x65, 0x71];

/// `AlgorithmIdentifier` (RFC 5280 §4.1.1.2).
pub(super) fn algorithm(own: &[u8], parameters: &[u8]) -> Vec<u8> {
    sequence(&[&oid(own), parameters])
}

/// `SubjectPublicKeyInfo` (RFC 5280 §4.1).
pub(super) fn spki(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    sequence(&[algorithm, &bits(key)])
}

/// `OneAsymmetricKey` of the first version (RFC 5958 §2).
pub(super) fn pkcs8(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    sequence(&[VERSION_0, algorithm, &octets(key)])
}

/// `OneAsymmetricKey` of the second version, with its public key.
pub(super) fn pkcs8_v2(algorithm: &[u8], key: &[u8], public: &[u8]) -> Vec<u8> {
    let public = element(0x81, &[&[0], public].concat());
    sequence(&[VERSION_1, algorithm, &octets(key), &public])
}

/// `ECPrivateKey` (RFC 5915 §3), with its curve and its public key where they are given.
pub(super) fn sec1(d: &[u8], curve: Option<&[u8]>, public: Option<&[u8]>) -> Vec<u8> {
    let curve = curve.map(|curve| element(0xA0, &oid(curve))).unwrap_or_default();
    let public = public.map(|public| element(0xA1, &bits(public))).unwrap_or_default();
    sequence(&[VERSION_1, &octets(d), &curve, &public])
}
