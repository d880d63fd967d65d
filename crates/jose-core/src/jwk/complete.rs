//! What takes arithmetic to tell of a key, and to add to it: the backend's part in importing keys.

use super::{Jwk, Params};
use crate::crypto::{Backend, PrivateHalf};
use crate::error::KeyError;
use crate::jwa::{Alg, check_fit, check_structure};

impl Params {
    /// As [`Jwk::check_for`].
    ///
    /// # Errors
    ///
    /// As [`Jwk::check_for`].
    pub fn check_for(&self, alg: impl Into<Alg>) -> Result<(), KeyError> {
        check_fit(self, alg.into())
    }
}

impl Jwk {
    /// Checks whether this key may serve `alg` by its type, its curve and its size, which takes no
    /// arithmetic. What it says itself of what it is for is not looked at.
    ///
    /// # Errors
    ///
    /// [`KeyError`] with both sides: "A256KW takes 256 bits, this key has 512".
    pub fn check_for(&self, alg: impl Into<Alg>) -> Result<(), KeyError> {
        self.params().check_for(alg)
    }

    /// Checks what can be told of this key without arithmetic: the size, oddness and exponent of an RSA
    /// key, that its private exponent is smaller than its modulus, that its modulus has not the form of
    /// the defect called ROCA; that a point is none of the few that are known to be weak.
    ///
    /// The lengths of members were checked when the key was read. This is cheap, and what every handle
    /// begins with. [`check_consistency`](Self::check_consistency) checks the rest.
    ///
    /// # Errors
    ///
    /// [`KeyError::RsaModulus`], [`KeyError::RsaExponent`], [`KeyError::Inconsistent`] or
    /// [`KeyError::Weak`]. A key of unknown type passes.
    pub fn check_structure(&self) -> Result<(), KeyError> {
        check_structure(self.params())
    }

    /// Checks what takes arithmetic to tell, after [`check_structure`](Self::check_structure): that a
    /// point is on its curve, that the public half is the private one's, that the numbers of an RSA key
    /// belong together. A shared key has nothing to check.
    ///
    /// # Errors
    ///
    /// [`KeyError::Inconsistent`] if it is not so; [`KeyError::Unsupported`] if `backend` has no such
    /// keys, as none has of an unknown type; [`KeyError::Unavailable`] if it could not compute.
    pub fn check_consistency(&self, backend: &dyn Backend) -> Result<(), KeyError> {
        self.completed(backend).map(drop)
    }

    /// This key with all members that its private half determines: an RSA key of `n`, `e` and `d`
    /// alone gets its primes and what follows from them. Any other key comes back as it is, checked as
    /// by [`check_consistency`](Self::check_consistency).
    ///
    /// # Errors
    ///
    /// As [`check_consistency`](Self::check_consistency).
    pub fn complete(&self, backend: &dyn Backend) -> Result<Self, KeyError> {
        Ok(Self { params: self.completed(backend)?, ..self.clone() })
    }

    fn completed(&self, backend: &dyn Backend) -> Result<Params, KeyError> {
        self.check_structure()?;
        let own = self.params();
        let Some(half) = private_half(own) else {
            return match own {
                Params::Oct(_) => Ok(own.clone()),
                Params::Unknown(_) => {
                    Err(KeyError::Unsupported { what: "checking keys of this type" })
                }
                public => backend.check_public(public).map(|()| public.clone()),
            };
        };
        let whole = backend.complete(half)?;
        // A backend answers with the key that the private half makes. If that is not the one that was
        // given, another's public key may be meant to pass for it.
        if whole.to_public() == own.to_public() { Ok(whole) } else { Err(KeyError::Inconsistent) }
    }
}

fn private_half(params: &Params) -> Option<PrivateHalf<'_>> {
    match params {
        Params::Akp(akp) => akp.private().map(|seed| PrivateHalf::Akp { alg: akp.alg(), seed }),
        Params::Ec(ec) => ec.d().map(|d| PrivateHalf::Ec { crv: ec.crv(), d }),
        Params::Okp(okp) => okp.d().map(|d| PrivateHalf::Okp { crv: okp.crv(), d }),
        Params::Rsa(rsa) => rsa.private().map(|_| PrivateHalf::Rsa(rsa)),
        Params::Oct(_) | Params::Unknown(_) => None,
    }
}
