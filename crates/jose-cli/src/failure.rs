//! What went wrong, and the exit code it ends with.

use std::error::Error;
use std::fmt;
use std::io;
use std::process::ExitCode;

use jose::error::{
    Critical, CryptoError, DecryptError, KeyError, NoMatchReason, ParseError, Rule, VerifyError,
};
use jose::jwe::{self, EncryptError};
use jose::jwk::ImportError;
use jose::jws::{SerializationError, Unmet};
use jose::jwt::ClaimsError;
use jose::{jws, jwt};
use serde_json::{Map, Value, json};

use crate::jwt::failures;

/// The stage at which a command failed, which decides the exit code. Of many failures the first in this
/// order counts.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Stage {
    Usage,
    Malformed,
    Policy,
    Key,
    Io,
    Refused,
    Claims,
}

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    stage: Stage,
    code: &'static str,
    message: String,
    closed_pipe: bool,
    /// Whether its report has been written.
    told: bool,
    /// What the report in JSON tells besides.
    members: Box<Map<String, Value>>,
    /// Each of several errors; if empty, there is one.
    errors: Vec<Value>,
}

impl Failure {
    pub(crate) fn new(stage: Stage, code: &'static str, message: impl fmt::Display) -> Self {
        let message = message.to_string();
        let (members, errors) = (Box::default(), Vec::new());
        Self { stage, code, message, closed_pipe: false, told: false, members, errors }
    }

    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self::new(Stage::Usage, "ERR_USAGE", message)
    }

    /// About a file or a stream called `name`.
    pub(crate) fn io(name: impl fmt::Display, error: &io::Error) -> Self {
        let closed_pipe = error.kind() == io::ErrorKind::BrokenPipe;
        Self { closed_pipe, ..Self::new(Stage::Io, "ERR_IO", format!("{name}: {error}")) }
    }

    /// The same, said of the file or stream called `name`.
    pub(crate) fn of(self, name: impl fmt::Display) -> Self {
        Self { message: format!("{name}: {}", self.message), ..self }
    }

    /// The same, with something that may help.
    pub(crate) fn hint(self, hint: impl fmt::Display) -> Self {
        Self { message: format!("{}; {hint}", self.message), ..self }
    }

    pub(crate) fn is_about_keys(&self) -> bool {
        matches!(self.code, "ERR_JWK_KEY_NOT_FOUND" | "ERR_JWS_ALG_NOT_ALLOWED")
    }

    pub(crate) fn is_malformed(&self) -> bool {
        self.stage == Stage::Malformed
    }

    pub(crate) fn is_refused(&self) -> bool {
        self.stage == Stage::Refused
    }

    /// The same, with these members in its report.
    pub(crate) fn within(self, members: Map<String, Value>) -> Self {
        Self { members: Box::new(members), ..self }
    }

    /// Its report in JSON.
    pub(crate) fn report(&self) -> Value {
        let mut report = (*self.members).clone();
        let one = || vec![json!({"code": self.code, "message": self.message})];
        let errors = if self.errors.is_empty() { one() } else { self.errors.clone() };
        report.insert("schema".into(), "jose-cli/1".into());
        report.insert("errors".into(), errors.into());
        report.into()
    }

    /// The same, of which the report has been written.
    pub(crate) fn told(self) -> Self {
        Self { told: true, ..self }
    }

    pub(crate) const fn is_told(&self) -> bool {
        self.told
    }

    /// Whether it counts more than `other`.
    pub(crate) fn is_before(&self, other: &Self) -> bool {
        self.stage < other.stage
    }

    /// Whether the signatures were valid, and what they sign was not acceptable.
    pub(crate) fn is_about_claims(&self) -> bool {
        self.stage == Stage::Claims
    }

    pub(crate) const fn is_closed_pipe(&self) -> bool {
        self.closed_pipe
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self.stage {
            Stage::Refused => 1,
            Stage::Usage => 2,
            Stage::Claims => 3,
            Stage::Malformed => 4,
            Stage::Key => 5,
            Stage::Io => 6,
            Stage::Policy => 7,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// An error and what it came from, in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

impl From<ParseError> for Failure {
    fn from(error: ParseError) -> Self {
        Self::new(Stage::Malformed, error.code(), error)
    }
}

impl Failure {
    /// About a key, from an error that somebody else keeps.
    pub(crate) fn of_key(error: &KeyError) -> Self {
        let stage = match error {
            KeyError::NotApproved { .. } | KeyError::Unsupported { .. } => Stage::Policy,
            KeyError::Unavailable(_) => Stage::Io,
            KeyError::WrongPassword => Stage::Refused,
            _ => Stage::Key,
        };
        Self::new(stage, error.code(), chain(error))
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        Self::of_key(&error)
    }
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        let text = chain(&error);
        match error {
            ImportError::Key { error, .. } => Self { message: text, ..error.into() },
            ImportError::Parse(error) => error.into(),
            _ => Self::new(Stage::Malformed, error.code(), text),
        }
    }
}

impl From<jws::Error> for Failure {
    fn from(error: jws::Error) -> Self {
        match error {
            jws::Error::Parse(error) => error.into(),
            jws::Error::Verify(error) => error.into(),
            _ => Self::new(Stage::Refused, error.code(), chain(&error)),
        }
    }
}

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        Self::new(stage_of(&error), error.code(), chain(&error))
    }
}

fn stage_of(error: &VerifyError) -> Stage {
    match error {
        VerifyError::Critical(Critical::NotUnderstood(_)) | VerifyError::NoStream(_) => {
            Stage::Policy
        }
        VerifyError::Critical(_) => Stage::Malformed,
        VerifyError::NoMatchingKey(no_match) => stage_of_no_match(no_match.reason()),
        VerifyError::Unavailable(_) => Stage::Io,
        VerifyError::Unmet(unmet) => stage_of_unmet(unmet),
        _ => Stage::Refused,
    }
}

const fn stage_of_no_match(reason: NoMatchReason) -> Stage {
    match reason {
        NoMatchReason::AlgorithmNotAllowed
        | NoMatchReason::EncryptionNotAllowed
        | NoMatchReason::UnprotectedAlgorithm => Stage::Policy,
        _ => Stage::Key,
    }
}

/// Several signatures fail for reasons of their own. If one was tried, too few of them are valid; if none was,
/// the first of the reasons in the order of stages counts.
fn stage_of_unmet(unmet: &Unmet) -> Stage {
    if unmet.code() == "ERR_CRYPTO_UNAVAILABLE" {
        return Stage::Io;
    }
    let reasons = unmet.refused().map(|(_, error)| match error {
        jws::Error::Parse(_) => Stage::Malformed,
        jws::Error::Verify(error) => stage_of(error),
        _ => Stage::Refused,
    });
    let reasons: Vec<Stage> = reasons.collect();
    let tried = unmet.valid() > 0 || reasons.contains(&Stage::Refused);
    reasons.into_iter().min().filter(|_| !tried).unwrap_or(Stage::Refused)
}

impl From<CryptoError> for Failure {
    fn from(error: CryptoError) -> Self {
        Self::new(Stage::Io, error.code(), chain(&error))
    }
}

/// Whoever asks for a serialization that has no place for something asks for the impossible.
impl From<SerializationError> for Failure {
    fn from(error: SerializationError) -> Self {
        Self::new(Stage::Usage, error.code(), chain(&error))
    }
}

impl From<jws::SignError> for Failure {
    fn from(error: jws::SignError) -> Self {
        let text = chain(&error);
        let stage = match error {
            jws::SignError::Key(error) => return Self { message: text, ..error.into() },
            jws::SignError::Length | jws::SignError::Unavailable(_) => Stage::Io,
            jws::SignError::NoPayload => Stage::Malformed,
            jws::SignError::NoStream(_) => Stage::Policy,
            // The headers and the serialization come from options.
            _ => Stage::Usage,
        };
        Self::new(stage, error.code(), text)
    }
}

impl From<jwt::SignError> for Failure {
    fn from(error: jwt::SignError) -> Self {
        let stage = match error {
            jwt::SignError::Jws(error) => return error.into(),
            jwt::SignError::Claims(_) => Stage::Malformed,
            jwt::SignError::Unavailable(_) => Stage::Io,
            _ => Stage::Usage,
        };
        Self::new(stage, error.code(), chain(&error))
    }
}

impl From<jwt::EncryptError> for Failure {
    fn from(error: jwt::EncryptError) -> Self {
        match error {
            jwt::EncryptError::Claims(error) => error.into(),
            jwt::EncryptError::Jwe(error) => error.into(),
            _ => Self::new(Stage::Usage, error.code(), chain(&error)),
        }
    }
}

impl From<jwt::Error> for Failure {
    fn from(error: jwt::Error) -> Self {
        match error {
            jwt::Error::Claims(error) => error.into(),
            jwt::Error::Decrypt(error) => error.into(),
            jwt::Error::Parse(error) => error.into(),
            jwt::Error::Verify(error) => error.into(),
            _ => Self::new(Stage::Refused, error.code(), chain(&error)),
        }
    }
}

impl From<ClaimsError> for Failure {
    fn from(error: ClaimsError) -> Self {
        Self::claims(error.failures().iter().map(|failure| {
            let claim = failures::claim(failure).map(ToOwned::to_owned);
            (failure.code(), claim, failures::message(failure))
        }))
    }
}

/// The code of a broken rule about claims, the claim, and what is wrong with it.
pub(crate) type Broken = (&'static str, Option<String>, String);

impl Failure {
    /// About genuine claims that break these rules.
    pub(crate) fn claims(broken: impl IntoIterator<Item = Broken>) -> Self {
        let broken: Vec<Broken> = broken.into_iter().collect();
        let code = broken.first().map_or("ERR_JWT_CLAIM_INVALID", |(code, ..)| *code);
        let messages: Vec<_> = broken.iter().map(|(.., message)| message.as_str()).collect();
        let message = format!("the claims are not acceptable: {}", messages.join("; "));
        let errors = broken.iter().map(|(code, claim, message)| match claim {
            Some(claim) => json!({"code": code, "claim": claim, "message": message}),
            None => json!({"code": code, "message": message}),
        });
        Self { errors: errors.collect(), ..Self::new(Stage::Claims, code, message) }
    }

    /// The same, and those rules broken too.
    pub(crate) fn and_claims(self, broken: Vec<Broken>) -> Self {
        if broken.is_empty() || !self.is_about_claims() {
            return self;
        }
        let other = Self::claims(broken);
        let message = other.message.trim_start_matches("the claims are not acceptable: ");
        let message = format!("{}; {message}", self.message);
        Self { message, errors: [self.errors, other.errors].concat(), ..self }
    }
}

impl From<jwe::Error> for Failure {
    fn from(error: jwe::Error) -> Self {
        match error {
            jwe::Error::Decrypt(error) => error.into(),
            jwe::Error::Parse(error) => error.into(),
            _ => Self::new(Stage::Refused, error.code(), error),
        }
    }
}

impl From<DecryptError> for Failure {
    fn from(error: DecryptError) -> Self {
        let stage = match &error {
            DecryptError::Critical(Critical::NotUnderstood(_)) => Stage::Policy,
            DecryptError::Critical(_) => Stage::Malformed,
            // Well-formed, and more than is allowed here.
            DecryptError::Header(error) => match error.rule() {
                Rule::Value { member: "zip" | "p2c", .. } => Stage::Policy,
                _ => Stage::Malformed,
            },
            DecryptError::NoMatchingKey(no_match) => stage_of_no_match(no_match.reason()),
            DecryptError::Unavailable(_) => Stage::Io,
            _ => Stage::Refused,
        };
        Self::new(stage, error.code(), chain(&error))
    }
}

impl From<EncryptError> for Failure {
    fn from(error: EncryptError) -> Self {
        let text = chain(&error);
        match error {
            EncryptError::Key(error) => Self { message: text, ..error.into() },
            EncryptError::Recipients => Self::new(Stage::Key, error.code(), text),
            EncryptError::Serialization(error) => error.into(),
            EncryptError::Unavailable(_) => Self::new(Stage::Io, error.code(), text),
            _ => Self::new(Stage::Usage, error.code(), text),
        }
    }
}

impl From<jwe::SerializationError> for Failure {
    fn from(error: jwe::SerializationError) -> Self {
        let stage = match error {
            jwe::SerializationError::Malformed(_) => Stage::Malformed,
            // The token is well; what was asked for is not possible.
            _ => Stage::Usage,
        };
        Self::new(stage, error.code(), chain(&error))
    }
}
