//! Keys from files, in whichever format, and to files, encrypted where there is a password.

use std::collections::BTreeMap;

use jose::crypto::Backend;
use jose::jwa::KeyManagementAlgorithm;
use jose::jwk::{Format, Imported, Params};
use jose::jws::SkipReason;
use jose::{Alg, EncryptionKey, Jwk, JwkSet, Limits, Password, SecretBytes};
use zeroize::Zeroizing;

use crate::failure::{Failure, Stage};
use crate::output::{Output, OutputArgs};
use crate::password::PasswordArgs;
use crate::progress::Progress;
use crate::source::{Source, too_long};

/// Longest encrypted key or set in octets: base64url of the longest one, and the header.
const MAX_ENCRYPTED: usize = Limits::DEFAULT.jwk_set / 3 * 4 + Limits::DEFAULT.header;

/// The algorithms of passwords.
pub(crate) const PBES2: [KeyManagementAlgorithm; 3] =
    [Alg::PBES2_HS256_A128KW, Alg::PBES2_HS384_A192KW, Alg::PBES2_HS512_A256KW];

/// What a file held.
pub(crate) struct Found {
    pub(crate) format: Format,
    pub(crate) keys: JwkSet,
    /// The names of the members of a set besides `keys`.
    pub(crate) others: Vec<String>,
}

impl Found {
    fn key(jwk: Jwk) -> Self {
        Self { format: Format::Jwk, keys: JwkSet::new([jwk]), others: Vec::new() }
    }

    fn set(keys: JwkSet, json: &[u8]) -> Self {
        Self { format: Format::JwkSet, keys, others: others(json) }
    }
}

/// Reads one file, and asks for a password if it needs one.
pub(crate) fn read(
    source: &Source,
    password: &PasswordArgs,
    backend: &'static dyn Backend,
) -> Result<Found, Failure> {
    understand(&octets(source)?, source, password, backend)
}

/// The octets of a file: of an encrypted one as many as stand for the longest that is read in the clear.
fn octets(source: &Source) -> Result<SecretBytes, Failure> {
    let octets = source.read(MAX_ENCRYPTED)?;
    if octets.len() > Limits::DEFAULT.jwk_set && compact_jwe(octets.expose_secret()).is_none() {
        return Err(too_long(Limits::DEFAULT.jwk_set).of(source));
    }
    Ok(octets)
}

fn understand(
    octets: &SecretBytes,
    source: &Source,
    password: &PasswordArgs,
    backend: &'static dyn Backend,
) -> Result<Found, Failure> {
    let octets = octets.expose_secret();
    if let Some(token) = compact_jwe(octets) {
        let password = password.to_read(&source.to_string())?;
        return decrypt(token, &password, backend).map_err(|failure| failure.of(source));
    }
    let mut imported = {
        let password = password.given()?;
        let _working = password.is_some().then(|| Progress::working("deriving a key"));
        Imported::read(octets, password.as_ref(), backend)
    };
    if let Err(error) = &imported
        && error.code() == "ERR_JWK_PASSWORD"
        && password.given()?.is_none()
    {
        let password = password.to_read(&source.to_string())?;
        let _working = Progress::working("deriving a key");
        imported = Imported::read(octets, Some(&password), backend);
    }
    let imported = imported.map_err(|error| Failure::from(error).of(source))?;
    let format = imported.format();
    let others = if format == Format::JwkSet { others(octets) } else { Vec::new() };
    Ok(Found { format, keys: imported.into_keys(), others })
}

/// The names of the members of a set besides `keys`.
fn others(json: &[u8]) -> Vec<String> {
    let members: BTreeMap<String, &serde_json::value::RawValue> =
        serde_json::from_slice(json).unwrap_or_default();
    members.into_keys().filter(|name| name != "keys").collect()
}

/// As [`read`], but a set of which a key cannot be read is an error: it would be written without it.
pub(crate) fn read_whole(
    source: &Source,
    password: &PasswordArgs,
    backend: &'static dyn Backend,
) -> Result<Found, Failure> {
    let found = read(source, password, backend)?;
    match found.keys.skipped().first() {
        None => Ok(found),
        Some(skipped) => {
            let place = format!("key {}", skipped.index());
            Err(Failure::from(skipped.error()).of(place).of(source))
        }
    }
}

/// A key that was left out, to be told of if there are others, and why if there are none.
pub(crate) struct LeftOut {
    pub(crate) note: String,
    pub(crate) failure: Failure,
}

impl LeftOut {
    /// One that can be read and not be used.
    pub(crate) fn unfit(kid: Option<&str>, reason: &SkipReason) -> Self {
        let name = kid.map_or("without a name".to_owned(), |kid| format!("{kid:?}"));
        let failure = match reason {
            SkipReason::Key(error) => Failure::of_key(error),
            SkipReason::Malformed(error) => (*error).into(),
            reason => Failure::new(Stage::Key, reason.code(), reason),
        };
        Self { note: format!("the key {name} is left out: {reason}"), failure }
    }
}

/// The keys of a set that could not be read.
pub(crate) fn skipped(set: &JwkSet, source: &Source) -> Vec<LeftOut> {
    let left_out = set.skipped().iter().map(|skipped| {
        let failure = Failure::from(skipped.error()).of(format!("key {}", skipped.index()));
        let failure = failure.of(source);
        LeftOut { note: format!("left out: {failure}"), failure }
    });
    left_out.collect()
}

/// As [`read`], but a JWK and a JWK Set are taken as they are: for telling what is wrong with them.
pub(crate) fn read_unchecked(
    source: &Source,
    password: &PasswordArgs,
    backend: &'static dyn Backend,
) -> Result<Found, Failure> {
    let octets = octets(source)?;
    let json = octets.expose_secret();
    match (Jwk::from_json(json), JwkSet::from_json(json)) {
        (Ok(jwk), Err(_)) => Ok(Found::key(jwk)),
        (Err(_), Ok(keys)) => Ok(Found::set(keys, json)),
        _ => understand(&octets, source, password, backend),
    }
}

/// The one key of a file.
pub(crate) fn one(
    source: &Source,
    password: &PasswordArgs,
    backend: &'static dyn Backend,
) -> Result<(Format, Jwk), Failure> {
    let found = read(source, password, backend)?;
    Ok((found.format, only(found.keys).map_err(|failure| failure.of(source))?))
}

/// The one key of several.
pub(crate) fn only(keys: JwkSet) -> Result<Jwk, Failure> {
    let mut keys = keys.into_iter();
    match (keys.next(), keys.next()) {
        (Some(jwk), None) => Ok(jwk),
        (None, _) => Err(Failure::new(Stage::Key, "ERR_JWK_KEY_NOT_FOUND", "no key in it")),
        (Some(_), Some(_)) => {
            Err(Failure::new(Stage::Key, "ERR_JWK_INVALID", "more than one key in it"))
        }
    }
}

/// Which half of a key pair it is, if it is one.
pub(crate) fn half(jwk: &Jwk) -> &'static str {
    match (jwk.kty(), jwk.is_private()) {
        ("oct", _) => "shared",
        (_, true) => "private",
        (_, false) => "public",
    }
}

/// The curve of a key, of a type that has them.
pub(crate) fn crv(jwk: &Jwk) -> Option<&str> {
    match jwk.params() {
        Params::Ec(ec) => Some(ec.crv().name()),
        Params::Okp(okp) => Some(okp.crv().name()),
        Params::Unknown(other) => other.crv(),
        _ => None,
    }
}

/// A JWK or a JWK Set under a password (RFC 7517 §7) is a JWE, whose five segments no other format has.
fn compact_jwe(octets: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(octets).ok()?.trim_ascii();
    let segment = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.');
    (text.starts_with("eyJ") && text.bytes().all(segment) && text.split('.').count() == 5)
        .then_some(text)
}

fn decrypt(
    token: &str,
    password: &Password,
    backend: &'static dyn Backend,
) -> Result<Found, Failure> {
    let _working = Progress::working("deriving a key");
    let keys: Result<jose::DecryptionKeys, _> = PBES2
        .into_iter()
        .map(|alg| jose::DecryptionKey::from_password(alg, password, backend))
        .collect();
    // Once, whatever is inside: that is what a password costs.
    let mut limits = Limits::DEFAULT;
    limits.token = MAX_ENCRYPTED;
    let policy = jose::jwe::Policy::new().limits(limits);
    let decrypted = jose::jwe::decrypt_with(token, &keys?, &policy).map_err(|error| {
        let failure = Failure::from(error);
        if failure.is_refused() {
            failure.hint("a wrong password, or a damaged file")
        } else {
            failure
        }
    })?;
    let is = |cty| decrypted.protected().is_cty(cty);
    let (is_key, is_set) = (is("jwk+json"), is("jwk-set+json"));
    let json = SecretBytes::new(decrypted.into_content());
    let json = json.expose_secret();
    if is_key {
        Ok(Found::key(Jwk::from_json(json)?))
    } else if is_set {
        Ok(Found::set(JwkSet::from_json(json)?, json))
    } else {
        let message = "what is encrypted does not say that it is a key or a set of keys";
        Err(Failure::new(Stage::Malformed, "ERR_JWE_INVALID", message))
    }
}

/// How keys are written, and where.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct KeyOutput {
    #[command(flatten)]
    pub(crate) password: PasswordArgs,
    /// Write private keys as they are, even where a password is given or has opened the input.
    #[arg(long)]
    plaintext: bool,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

impl KeyOutput {
    /// There, and not encrypted.
    pub(crate) fn plaintext(output: OutputArgs) -> Self {
        Self { password: PasswordArgs::default(), plaintext: true, output }
    }

    /// The password under which private keys are written: the one that was given, or that has opened the
    /// input.
    pub(crate) fn new_password(&self) -> Result<Option<Password>, Failure> {
        if self.plaintext { Ok(None) } else { self.password.known() }
    }

    /// Whether it was said that private keys are not to be encrypted.
    pub(crate) const fn is_plaintext(&self) -> bool {
        self.plaintext
    }

    /// Writes a key.
    pub(crate) fn key(&self, jwk: &Jwk, output: Output) -> Result<(), Failure> {
        self.key_under(self.new_password()?.as_ref(), jwk, output)
    }

    /// As [`key`](Self::key), under another password.
    pub(crate) fn key_under(
        &self,
        password: Option<&Password>,
        jwk: &Jwk,
        output: Output,
    ) -> Result<(), Failure> {
        match password {
            Some(password) if jwk.is_private() => {
                let token = encrypt(jwk, password, output)?;
                output.secret(format!("{token}\n").as_bytes(), &self.output)
            }
            _ => output.key(jwk, &self.output),
        }
    }

    /// Writes keys, each on a line of its own.
    pub(crate) fn lines(&self, keys: &[Jwk], output: Output) -> Result<(), Failure> {
        let password = self.new_password()?;
        let mut lines: Vec<SecretBytes> = Vec::new();
        for jwk in keys {
            lines.push(match &password {
                Some(password) if jwk.is_private() => {
                    SecretBytes::new(encrypt(jwk, password, output)?.into_bytes())
                }
                _ => jwk.expose_secret_json(),
            });
        }
        let len = lines.iter().map(|line| line.len() + 1).sum();
        let mut text = Zeroizing::new(Vec::with_capacity(len));
        for line in lines {
            text.extend_from_slice(line.expose_secret());
            text.push(b'\n');
        }
        // The last line is ended by whoever writes it.
        text.pop();
        match (keys.iter().any(Jwk::is_private), password) {
            // Nobody but their owner is to guess passwords.
            (true, Some(_)) => {
                text.push(b'\n');
                output.secret(&text, &self.output)
            }
            (true, None) => {
                let lines = SecretBytes::from(text.as_slice());
                output.keys(&lines, Some("jose jwk wrap"), &self.output)
            }
            (false, _) => output.keys(&SecretBytes::from(text.as_slice()), None, &self.output),
        }
    }

    /// Writes a set.
    pub(crate) fn set(&self, set: &JwkSet, output: Output) -> Result<(), Failure> {
        let private = set.iter().any(Jwk::is_private);
        let json = set.expose_secret_json();
        check_set(json.expose_secret())?;
        match self.new_password()? {
            Some(password) if private => {
                let token = set.encrypt(&password_key(&password, output)?)?;
                output.secret(format!("{token}\n").as_bytes(), &self.output)
            }
            _ => {
                let merge = private.then_some("jose jwks merge --password-file");
                output.keys(&json, merge, &self.output)
            }
        }
    }
}

/// That a set which is to be written can be read again: it may take the place of the only one there is.
pub(crate) fn check_set(json: &[u8]) -> Result<(), Failure> {
    let limit = Limits::DEFAULT.jwk_set;
    let error = match JwkSet::from_json(json) {
        // A line feed comes after it.
        Ok(_) if json.len() >= limit => Some(too_long(limit)),
        Ok(set) => set.skipped().first().map(|skipped| skipped.error().into()),
        Err(error) => Some(error.into()),
    };
    error.map_or(Ok(()), |failure| Err(failure.of("the new set")))
}

/// A key under a password (RFC 7517 §7).
pub(crate) fn encrypt(jwk: &Jwk, password: &Password, output: Output) -> Result<String, Failure> {
    let _working = output.working("deriving a key");
    Ok(jwk.encrypt(&password_key(password, output)?)?)
}

fn password_key(password: &Password, output: Output) -> Result<EncryptionKey, Failure> {
    let backend = output.backend().get()?;
    Ok(EncryptionKey::from_password(Alg::PBES2_HS512_A256KW, password, backend)?)
}
