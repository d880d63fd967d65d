//! Reading what should not have been made.

use jose_core::crypto::Backend;
use jose_core::jwe::Decrypted;
use jose_core::jwk::{Oct, Params};
use jose_core::{Jwk, SecretBytes, UnixTime};

use crate::jwe::decode;
use crate::{Decoded, Error, JweDecode};

/// As [`jwe_decode`](crate::jwe_decode), for a token that Xano made with a shared key of another size than the
/// algorithm's: of a longer one the first octets are taken, and a shorter one is filled up with zeros.
///
/// That is what becomes of such a key there: of 512 bits under `A256KW` the first 256 count, and 128 bits stay 128. There
/// is nothing here that makes such tokens. Read them, make a key with the algorithm's bits, and encrypt them again.
///
/// A token is as authentic as its key is hard to guess, and the zeros add nothing to that: what a key of a few octets
/// decrypts, anybody may have written.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use jose_core::{Jwk, UnixTime};
/// # use jose_rustcrypto::BACKEND;
/// # use jose_xano::{JweDecode, JweEncode, Payload, hazmat, jwe_decode, jwe_encode};
/// # let now = UnixTime::from_secs(1_768_108_197);
/// # let half = Jwk::from_secret_octets([7; 32])?;
/// # let token = jwe_encode(&JweEncode::new(half.into()).claims(Payload::text("x")), now, BACKEND)?;
/// # let mut octets = [7; 64];
/// # octets[32..].fill(8);
/// # let old = Jwk::from_secret_octets(octets)?;
/// let statement = JweDecode::new(token, old.into()); // 512 bits, for A256KW
/// let refused = jwe_decode(&statement, now, BACKEND).unwrap_err();
/// assert_eq!(refused.code(), "ERR_XANO_KEY_SIZE");
/// let decoded = hazmat::jwe_decode_with_resized_key(&statement, now, BACKEND)?;
/// # assert_eq!(decoded.as_text(), Some("x"));
///
/// let new = Jwk::generate_oct(256, BACKEND)?;
/// let again = JweEncode::new(new.into()).claims(decoded.into_payload());
/// let token = jwe_encode(&again, now, BACKEND)?;
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// As [`jwe_decode`](crate::jwe_decode), but not [`Error::KeySize`].
pub fn jwe_decode_with_resized_key(
    statement: &JweDecode,
    now: UnixTime,
    backend: &'static dyn Backend,
) -> Result<Decoded<Decrypted<Vec<u8>>>, Error> {
    let jwk = statement.jwk()?;
    let (Some(bits), Params::Oct(oct)) = (statement.algorithm().key_bits(), jwk.params()) else {
        return decode(statement, &jwk, now, backend);
    };
    let mut octets = vec![0; usize::from(bits / 8)];
    for (octet, own) in octets.iter_mut().zip(oct.k().expose_secret()) {
        *octet = *own;
    }
    let resized = Oct::new(SecretBytes::new(octets)).map_err(|_| Error::TextKey)?;
    let mut resized = Jwk::new(Params::Oct(resized)).with_alg(statement.algorithm().alg())?;
    if let Some(key_use) = jwk.key_use() {
        resized = resized.with_use(key_use.clone());
    }
    if let Some(key_ops) = jwk.key_ops() {
        resized = resized.with_key_ops(key_ops).map_err(Error::Jwk)?;
    }
    decode(statement, &resized, now, backend)
}
