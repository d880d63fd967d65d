//! A PKCS#11 token as the library asks for it: keys that sign and unwrap where they are, and never come out.
//!
//! Nothing here is of one maker's: what a token does differently from another is said where it matters.

use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use cryptoki::context::Pkcs11;
use cryptoki::error::{Error as Pkcs11Error, RvError};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsOaepParams, PkcsOaepSource, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{
    Attribute, AttributeInfo, AttributeType, KeyType, ObjectClass, ObjectHandle,
};
use cryptoki::session::{Session, SessionState, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use jose::crypto::{Backend, CryptoError, KeyUnwrapper, Refused, Signer};
use jose::jwa::Hash;
use jose::jwk::{Ec, EcCurve, Params, Rsa};
use jose::{Alg, Jwk, SecretBytes};

/// A token that somebody is logged in to, as long as it lets them. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Token(Arc<Inner>);

struct Inner {
    pkcs11: Pkcs11,
    label: String,
    pin: AuthPin,
    /// Whether the PIN was refused. It is not tried again: tokens count, and lock.
    refused: AtomicBool,
    /// A session does one thing at a time. Who signs much opens several, and shares them out.
    session: Mutex<Option<Session>>,
}

impl Token {
    /// The token called `label`. It is logged in to when it is first asked for something.
    pub(crate) fn new(pkcs11: Pkcs11, label: &str, pin: &str) -> Self {
        let (label, pin) = (label.into(), AuthPin::new(pin.into()));
        let (refused, session) = (AtomicBool::new(false), Mutex::new(None));
        Self(Arc::new(Inner { pkcs11, label, pin, refused, session }))
    }

    /// Makes a key pair for `alg` in the token, under the name `kid`, and returns the public half.
    ///
    /// # Errors
    ///
    /// [`TokenError::Algorithm`] for one of which nothing is known here, [`TokenError::Taken`] for the name of another
    /// key; [`TokenError`] if the token cannot make it, or nobody could log in.
    pub(crate) fn generate(&self, kid: &str, alg: impl Into<Alg>) -> Result<Jwk, TokenError> {
        let alg = alg.into();
        // Whatever is not named here would get a key for something else.
        let (ec, signs) = match alg.name() {
            "ES256" => (true, true),
            "PS256" | "RS256" => (false, true),
            _ if is_oaep(alg) => (false, false),
            _ => return Err(TokenError::Algorithm(alg)),
        };
        let mechanism = if ec { Mechanism::EccKeyPairGen } else { Mechanism::RsaPkcsKeyPairGen };
        let mut public = named(kid, ObjectClass::PUBLIC_KEY);
        public.extend([Attribute::Token(true), Attribute::Private(false)]);
        public.push(if signs { Attribute::Verify(true) } else { Attribute::Encrypt(true) });
        if ec {
            public.push(Attribute::EcParams(P256.to_vec()));
        } else {
            public.push(Attribute::ModulusBits(2048.into()));
            public.push(Attribute::PublicExponent(vec![1, 0, 1]));
        }
        let mut private = named(kid, ObjectClass::PRIVATE_KEY);
        private.extend([
            Attribute::Token(true),
            Attribute::Private(true),
            // What keeps it in: it is shown to nobody, and wrapped for nobody.
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
        ]);
        private.push(if signs { Attribute::Sign(true) } else { Attribute::Decrypt(true) });
        self.with(|session| {
            // Of two with one name neither would be found. A token knows of no names that there are but once: who makes
            // keys from several programs at once keeps them apart.
            for half in [ObjectClass::PRIVATE_KEY, ObjectClass::PUBLIC_KEY] {
                if !session.find_objects(&named(kid, half))?.is_empty() {
                    return Err(TokenError::Taken(kid.into()));
                }
            }
            Ok(session.generate_key_pair(&mechanism, &public, &private)?)
        })?;
        self.public(kid)?.with_alg(alg).map_err(|_| no_key(kid))
    }

    /// The public half of the key called `kid`, bound to nothing.
    ///
    /// # Errors
    ///
    /// [`TokenError::NoKey`] if there is none, or of a kind that is not known here.
    pub(crate) fn public(&self, kid: &str) -> Result<Jwk, TokenError> {
        let (ec, rsa) = self.with(|session| {
            let key = find(session, kid, ObjectClass::PUBLIC_KEY)?;
            let ec = session.get_attributes(key, &[AttributeType::EcPoint])?;
            let numbers = [AttributeType::Modulus, AttributeType::PublicExponent];
            Ok((ec, session.get_attributes(key, &numbers)?))
        })?;
        let params = match (ec.as_slice(), rsa.as_slice()) {
            ([Attribute::EcPoint(point)], _) => point_of_p256(point),
            (_, [Attribute::Modulus(n), Attribute::PublicExponent(e)]) => {
                Some(Params::Rsa(Rsa::new(n, e, None)))
            }
            _ => None,
        };
        Ok(Jwk::new(params.ok_or_else(|| no_key(kid))?).with_kid(kid))
    }

    /// What the token says when it is asked for the private half of the key called `kid`.
    ///
    /// # Errors
    ///
    /// [`TokenError`] if it says nothing.
    pub(crate) fn ask_for_private(&self, kid: &str) -> Result<AttributeInfo, TokenError> {
        self.with(|session| {
            let key = find(session, kid, ObjectClass::PRIVATE_KEY)?;
            let of_its_kind = session.get_attributes(key, &[AttributeType::KeyType])?;
            let asked = match of_its_kind.as_slice() {
                [Attribute::KeyType(KeyType::EC)] => AttributeType::Value,
                _ => AttributeType::PrivateExponent,
            };
            let answers = session.get_attribute_info(key, &[asked])?;
            answers.into_iter().next().ok_or_else(|| no_key(kid))
        })
    }

    /// Deletes the key called `kid`, both halves.
    ///
    /// # Errors
    ///
    /// [`TokenError::NoKey`] if there is none.
    pub(crate) fn destroy(&self, kid: &str) -> Result<(), TokenError> {
        self.with(|session| {
            for half in [ObjectClass::PRIVATE_KEY, ObjectClass::PUBLIC_KEY] {
                session.destroy_object(find(session, kid, half)?)?;
            }
            Ok(())
        })
    }

    /// The private key called `kid`, for [`jose::SigningKey::external`] and
    /// [`jose::DecryptionKey::external`]. Where a token signs digests, `backend` makes them.
    pub(crate) fn key(&self, kid: &str, alg: impl Into<Alg>, backend: &'static dyn Backend) -> Key {
        Key { token: self.clone(), kid: kid.into(), alg: alg.into(), backend }
    }

    /// Does something in a session that is logged in. One that was lost is opened anew, so that a
    /// token that was away serves again as soon as it is back.
    fn with<T>(
        &self,
        act: impl FnOnce(&Session) -> Result<T, TokenError>,
    ) -> Result<T, TokenError> {
        let mut session = self.0.session.lock().unwrap_or_else(PoisonError::into_inner);
        let opened = match session.take().filter(is_logged_in) {
            Some(opened) => opened,
            None => self.log_in()?,
        };
        act(session.insert(opened))
    }

    fn log_in(&self) -> Result<Session, TokenError> {
        if self.0.refused.load(Ordering::Relaxed) {
            return Err(TokenError::RefusedPin);
        }
        let session = self.0.pkcs11.open_rw_session(self.slot()?)?;
        match session.login(UserType::User, Some(&self.0.pin)) {
            // The program is logged in, by whichever of its sessions.
            Ok(()) | Err(Pkcs11Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
            Err(error) => {
                let refused = [RvError::PinIncorrect, RvError::PinLocked];
                if matches!(&error, Pkcs11Error::Pkcs11(rv, _) if refused.contains(rv)) {
                    self.0.refused.store(true, Ordering::Relaxed);
                }
                Err(error.into())
            }
        }
    }

    /// The slot that the token is in, which may be another one whenever it has been away.
    fn slot(&self) -> Result<Slot, TokenError> {
        for slot in self.0.pkcs11.get_slots_with_initialized_token()? {
            if self.0.pkcs11.get_token_info(slot)?.label() == self.0.label {
                return Ok(slot);
            }
        }
        Err(TokenError::NoToken(self.0.label.clone()))
    }
}

fn is_logged_in(session: &Session) -> bool {
    let state = session.get_session_info().map(|info| info.session_state());
    matches!(state, Ok(SessionState::RwUser))
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("label", &self.0.label).finish_non_exhaustive()
    }
}

/// A private key in a token, bound to one algorithm.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    token: Token,
    kid: String,
    alg: Alg,
    backend: &'static dyn Backend,
}

impl Signer for Key {
    fn sign(&self, input: &[&[u8]], signature: &mut Vec<u8>) -> Result<(), CryptoError> {
        let (mechanism, data) = match self.alg.name() {
            "ES256" => {
                let mut digest = vec![0; Hash::Sha256.digest_len()];
                self.backend.digest(Hash::Sha256, input, &mut digest)?;
                (Mechanism::Ecdsa, digest)
            }
            "RS256" => (Mechanism::Sha256RsaPkcs, input.concat()),
            "PS256" => (Mechanism::Sha256RsaPkcsPss(pss()), input.concat()),
            _ => return Err(CryptoError::from_source(TokenError::Algorithm(self.alg))),
        };
        let made = self.token.with(|session| {
            let key = find(session, &self.kid, ObjectClass::PRIVATE_KEY)?;
            Ok(session.sign(&mechanism, key, &data)?)
        });
        // r ‖ s for ECDSA, as JWS has it: PKCS#11 knows no ASN.1 here.
        signature.extend(made.map_err(CryptoError::from_source)?);
        Ok(())
    }
}

impl KeyUnwrapper for Key {
    fn unwrap_key(&self, encrypted_key: &[u8], cek_len: usize) -> Result<SecretBytes, Refused> {
        let away = |error| Refused::Unavailable(CryptoError::from_source(error));
        if !is_oaep(self.alg) {
            return Err(away(TokenError::Algorithm(self.alg)));
        }
        let label = PkcsOaepSource::empty();
        let oaep = PkcsOaepParams::new(MechanismType::SHA1, PkcsMgfType::MGF1_SHA1, label);
        let answer = self.token.with(|session| {
            let key = find(session, &self.kid, ObjectClass::PRIVATE_KEY)?;
            Ok(session.decrypt(&Mechanism::RsaPkcsOaep(oaep), key, encrypted_key))
        });
        match answer.map_err(away)? {
            Ok(cek) if cek.len() == cek_len => Ok(cek.into()),
            Ok(_) => Err(Refused::Invalid),
            Err(Pkcs11Error::Pkcs11(rv, _)) if says_no(rv) => Err(Refused::Invalid),
            Err(error) => Err(away(error.into())),
        }
    }
}

/// Whether a token that answers so to a ciphertext has decrypted, and found nothing in it.
///
/// SoftHSM has but `GENERAL_ERROR` for that, which others keep for what is broken. It cannot be told
/// from a token that breaks in this very moment; one that is gone was noticed before, by `find`.
fn says_no(rv: RvError) -> bool {
    matches!(
        rv,
        RvError::DataInvalid
            | RvError::DataLenRange
            | RvError::EncryptedDataInvalid
            | RvError::EncryptedDataLenRange
            | RvError::GeneralError
    )
}

fn find(session: &Session, kid: &str, class: ObjectClass) -> Result<ObjectHandle, TokenError> {
    match session.find_objects(&named(kid, class))?.as_slice() {
        [key] => Ok(*key),
        // Two of one name are as bad as none: which of them was meant?
        _ => Err(no_key(kid)),
    }
}

fn named(kid: &str, class: ObjectClass) -> Vec<Attribute> {
    vec![Attribute::Class(class), Attribute::Label(kid.into())]
}

fn no_key(kid: &str) -> TokenError {
    TokenError::NoKey(kid.into())
}

/// The point within the OCTET STRING in which PKCS#11 has it, uncompressed (SEC 1 §2.3.3).
fn point_of_p256(point: &[u8]) -> Option<Params> {
    let (x, y) = point.strip_prefix(&[4, 65, 4])?.split_at_checked(32)?;
    Ec::new(EcCurve::P256, x.into(), y.into(), None).ok().map(Params::Ec)
}

fn is_oaep(alg: Alg) -> bool {
    alg == Alg::from(Alg::RSA_OAEP)
}

/// The object identifier of P-256 (RFC 5480 §2.1.1.1), in DER.
const P256: [u8; 10] = [6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7];

/// RFC 7518 §3.5: the salt is as long as the digest.
fn pss() -> PkcsPssParams {
    let s_len = 32.into();
    PkcsPssParams { hash_alg: MechanismType::SHA256, mgf: PkcsMgfType::MGF1_SHA256, s_len }
}

/// Why a token did not do what it was asked for.
#[derive(Debug)]
pub(crate) enum TokenError {
    /// Nothing is known here of how a token does this.
    Algorithm(Alg),
    /// It has no such key, or several.
    NoKey(String),
    /// There is no token of that name.
    NoToken(String),
    /// What it says itself.
    Pkcs11(Pkcs11Error),
    /// The PIN was refused before.
    RefusedPin,
    /// It has a key of that name.
    Taken(String),
}

impl From<Pkcs11Error> for TokenError {
    fn from(error: Pkcs11Error) -> Self {
        Self::Pkcs11(error)
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Algorithm(alg) => write!(f, "no way is known to {} in a token", alg.name()),
            Self::NoKey(kid) => write!(f, "the token has no key called {kid}"),
            Self::NoToken(label) => write!(f, "there is no token called {label}"),
            Self::Pkcs11(Pkcs11Error::Pkcs11(rv, function)) => write!(f, "{function:?}: {rv:?}"),
            Self::Pkcs11(error) => error.fmt(f),
            Self::RefusedPin => f.write_str("the PIN was refused, and is not tried again"),
            Self::Taken(kid) => write!(f, "the token has a key called {kid} already"),
        }
    }
}

impl Error for TokenError {}
