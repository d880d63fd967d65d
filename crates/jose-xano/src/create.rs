//! `create_secret_key`, `create_rsa_key` and `create_curve_key`.

use jose_core::crypto::{Backend, NewKey};
use jose_core::limits::{MAX_RSA_BITS, MIN_RSA_BITS};
use jose_core::{Jwk, SecretBytes};
use serde::Deserialize;

use crate::{Curve, Error, Format, Key, key};

/// The parameters of [`create_secret_key`], both of them required.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct CreateSecretKey {
    bits: usize,
    format: Format,
}

impl CreateSecretKey {
    /// A key of this many bits. 512, 1024, 2048 and 4096 are what Xano names, all of them for `HS256`, `HS384` and
    /// `HS512`; a key algorithm takes exactly its own, 256 for `A256KW`.
    pub const fn new(bits: usize, format: Format) -> Self {
        Self { bits, format }
    }
}

/// The parameters of [`create_rsa_key`], both of them required.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct CreateRsaKey {
    bits: usize,
    format: Format,
}

impl CreateRsaKey {
    /// A key of this many bits: 2048 to 16384.
    pub const fn new(bits: usize, format: Format) -> Self {
        Self { bits, format }
    }
}

/// The parameters of [`create_curve_key`], both of them required.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct CreateCurveKey {
    curve: Curve,
    format: Format,
}

impl CreateCurveKey {
    /// A key on this curve.
    pub const fn new(curve: Curve, format: Format) -> Self {
        Self { curve, format }
    }
}

/// A key that was made, without a `kid`, an `alg` or a `use`.
#[derive(Clone, Debug)]
pub struct Created {
    jwk: Jwk,
    format: Format,
}

impl Created {
    /// The key.
    #[must_use]
    pub const fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// The key, for [`JwsEncode`](crate::JwsEncode) and the others.
    #[must_use]
    pub fn into_key(self) -> Key {
        self.jwk.into()
    }

    /// What Xano answers: the JSON text of the JWK, or that in base64. A private or shared key, whichever it is.
    #[must_use]
    pub fn expose_secret(&self) -> SecretBytes {
        key::expose(&self.jwk, self.format)
    }
}

/// Makes a shared key.
///
/// # Errors
///
/// [`Error::Key`] for a number of bits that is no multiple of 8 or not from 8 to 32 768, and if the backend has no
/// entropy.
pub fn create_secret_key(
    statement: &CreateSecretKey,
    backend: &dyn Backend,
) -> Result<Created, Error> {
    let jwk = Jwk::generate_oct(statement.bits, backend)?;
    Ok(Created { jwk, format: statement.format })
}

/// Makes an RSA key pair.
///
/// # Errors
///
/// [`Error::RsaBits`] for fewer than 2048 bits, more than 16384, or a number that is no multiple of 8;
/// [`Error::Key`] if the backend could not make it.
pub fn create_rsa_key(statement: &CreateRsaKey, backend: &dyn Backend) -> Result<Created, Error> {
    let bits = statement.bits;
    if !(MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits) || !bits.is_multiple_of(8) {
        return Err(Error::RsaBits { min: MIN_RSA_BITS, max: MAX_RSA_BITS, actual: bits });
    }
    made(NewKey::Rsa { bits }, statement.format, backend)
}

/// Makes a key pair on a curve. [`Jwk::to_public`] is the half that may be given away.
///
/// # Errors
///
/// [`Error::Key`] if the backend could not make it.
pub fn create_curve_key(
    statement: &CreateCurveKey,
    backend: &dyn Backend,
) -> Result<Created, Error> {
    made(statement.curve.crv().into(), statement.format, backend)
}

fn made(new: NewKey, format: Format, backend: &dyn Backend) -> Result<Created, Error> {
    let params = backend.generate(new)?;
    Ok(Created { jwk: Jwk::new(params), format })
}
