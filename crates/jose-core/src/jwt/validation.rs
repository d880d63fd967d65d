//! What claims must say to be accepted (RFC 7519 §4.1, RFC 8725 §3.8-3.12).

use alloc::borrow::Cow;
use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;
use core::ops::Deref;
use core::time::Duration;

use super::Claims;
use crate::error::excerpt;
use crate::header::Header;
use crate::jwe::{self, Decrypted};
use crate::jws::{Policy, ValidSignature, Verified};
use crate::limits::MAX_LEEWAY;
use crate::time::{DurationError, IntoSeconds, UnixTime};

/// The rules that authentic claims are held to.
///
/// | claim | rule |
/// |---|---|
/// | `exp`, `nbf`, `iat` | checked whenever present; a wrong type is a failure, never "absent" |
/// | `aud` | if present, one that the caller [named](Self::audience) must be in it, or [any](Self::any_audience) was said to do |
/// | `iss`, `sub`, `jti`, `typ`, age, required claims | checked when asked for, and then must be present |
///
/// A value is never changed once built, so one can be shared by all threads. Every rule that is
/// broken is reported, with what was expected and what was found.
///
/// ```
/// use jose_core::jwt::Validation;
///
/// let rules = Validation::strict("https://idp.example", "https://api.example")
///     .typ("at+jwt")
///     .leeway("30s")?;
/// # Ok::<(), jose_core::time::DurationError>(())
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct Validation {
    policy: Policy,
    decryption: jwe::Policy,
    issuers: Vec<String>,
    subjects: Vec<String>,
    audiences: Audience,
    jti: Option<String>,
    typ: Option<String>,
    required: Vec<String>,
    max_token_age: Option<Duration>,
    refuse_future_iat: bool,
    leeway: Duration,
    predicates: Vec<(&'static str, Predicate)>,
}

type Predicate = Arc<dyn Fn(&Presented<'_>) -> bool + Send + Sync>;

/// Claims that are authentic and keep every other rule, as a [condition](Validation::check) of the
/// caller's sees them.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    token: Token<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Token<'a> {
    Decrypted(&'a Decrypted<Claims>),
    Verified(&'a Verified<Claims>),
}

impl<'a> Presented<'a> {
    /// The protected header: of the first valid signature, or of what was decrypted.
    #[must_use]
    pub const fn protected(&self) -> &'a Header {
        match self.token {
            Token::Decrypted(claims) => claims.protected(),
            Token::Verified(claims) => claims.protected(),
        }
    }

    /// The name of the key that verified or decrypted it: ours, not the header's word.
    #[must_use]
    pub fn key_id(&self) -> Option<&'a str> {
        match self.token {
            Token::Decrypted(claims) => claims.key_id(),
            Token::Verified(claims) => claims.key_id(),
        }
    }

    /// The valid signatures; none of claims that were decrypted, where what has to hold for all of them
    /// holds.
    pub fn signatures(&self) -> impl Iterator<Item = &'a ValidSignature> {
        let verified = match self.token {
            Token::Decrypted(_) => None,
            Token::Verified(claims) => Some(claims),
        };
        verified.into_iter().flat_map(Verified::signatures)
    }
}

impl<'a> From<&'a Verified<Claims>> for Presented<'a> {
    fn from(claims: &'a Verified<Claims>) -> Self {
        Self { token: Token::Verified(claims) }
    }
}

impl<'a> From<&'a Decrypted<Claims>> for Presented<'a> {
    fn from(claims: &'a Decrypted<Claims>) -> Self {
        Self { token: Token::Decrypted(claims) }
    }
}

impl Deref for Presented<'_> {
    type Target = Claims;

    fn deref(&self) -> &Claims {
        match self.token {
            Token::Decrypted(claims) => claims,
            Token::Verified(claims) => claims,
        }
    }
}

#[derive(Clone, Debug)]
enum Audience {
    Any,
    OneOf(Vec<String>),
}

impl Default for Audience {
    fn default() -> Self {
        Self::OneOf(Vec::new())
    }
}

impl Validation {
    /// The rules that hold for every token.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the best current practice asks for: `exp`, this issuer, this audience, and `typ`
    /// `JWT` unless [`typ`](Self::typ) says otherwise (RFC 8725 §3).
    pub fn strict(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self::new().issuer(issuer).audience(audience).typ("JWT").require("exp")
    }

    /// Requires `iss` to be exactly this; said again, one of these.
    ///
    /// Keys belong to issuers (RFC 8725 §3.8): where several are accepted, give each its own keys
    /// and rules, or any of them can sign in the name of another.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuers.push(issuer.into());
        self
    }

    /// Requires `sub` to be exactly this; said again, one of these.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subjects.push(subject.into());
        self
    }

    /// Requires this to be in `aud`; said again, one of these.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        match &mut self.audiences {
            Audience::OneOf(audiences) => audiences.push(audience.into()),
            Audience::Any => self.audiences = Audience::OneOf(alloc::vec![audience.into()]),
        }
        self
    }

    /// Accepts tokens for any audience, and those for none. RFC 7519 §4.1.3 has a token refused
    /// whose `aud` does not name us; this says that we are everyone.
    pub fn any_audience(mut self) -> Self {
        self.audiences = Audience::Any;
        self
    }

    /// Requires `jti` to be exactly this. For replay protection, see [`check`](Self::check).
    pub fn jti(mut self, jti: impl Into<String>) -> Self {
        self.jti = Some(jti.into());
        self
    }

    /// Requires the header's `typ` to name this media type, in any case and with or without
    /// `application/`.
    pub fn typ(mut self, typ: impl Into<String>) -> Self {
        self.typ = Some(typ.into());
        self
    }

    /// Requires this claim to be present, and not `null`.
    pub fn require(mut self, claim: impl Into<String>) -> Self {
        self.required.push(claim.into());
        self
    }

    /// Requires `iat`, not in the future and no longer ago than this: `"1h"`, or a [`Duration`] of
    /// whole seconds.
    ///
    /// # Errors
    ///
    /// [`DurationError`] as [`IntoSeconds`].
    pub fn max_token_age(mut self, age: impl IntoSeconds) -> Result<Self, DurationError> {
        self.max_token_age = Some(Duration::from_secs(age.into_seconds()?));
        Ok(self)
    }

    /// Refuses an `iat` in the future even where no age is asked for.
    pub const fn refuse_future_iat(mut self) -> Self {
        self.refuse_future_iat = true;
        self
    }

    /// Forgives clocks that differ by this much, at most ten minutes. None by default.
    ///
    /// # Errors
    ///
    /// [`DurationError::TooLong`] above ten minutes, where a leeway would be a policy of accepting
    /// expired tokens; otherwise as [`IntoSeconds`].
    pub fn leeway(mut self, leeway: impl IntoSeconds) -> Result<Self, DurationError> {
        let seconds = leeway.into_seconds()?;
        if seconds > MAX_LEEWAY.as_secs() {
            return Err(DurationError::TooLong { max: MAX_LEEWAY.as_secs() });
        }
        self.leeway = Duration::from_secs(seconds);
        Ok(self)
    }

    /// Requires a condition of the caller's, which `name` names in the error.
    ///
    /// It is asked last: when the claims are authentic, broke no rule and fit the caller's type, and
    /// the conditions given before it hold. So one that remembers token names, given last, remembers
    /// none of a token that is refused. It sees the claims, and with them the header and the
    /// key.
    pub fn check(
        mut self,
        name: &'static str,
        predicate: impl Fn(&Presented<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.predicates.push((name, Arc::new(predicate)));
        self
    }

    /// Ceilings and understood extensions for what comes before the claims.
    pub fn with_policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// What is accepted of encrypted tokens before anything is known of their content.
    pub fn with_decryption_policy(mut self, policy: jwe::Policy) -> Self {
        self.decryption = policy;
        self
    }

    pub(super) const fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(super) const fn decryption_policy(&self) -> &jwe::Policy {
        &self.decryption
    }

    /// Holds authentic claims to the rules. What the headers `outside` say of them, in which they were
    /// encrypted, has to be what they say themselves.
    pub(super) fn hold<'h, 'o>(
        &self,
        headers: impl IntoIterator<Item = &'h Header>,
        outside: impl IntoIterator<Item = &'o Header>,
        claims: &Claims,
        now: UnixTime,
    ) -> Result<(), ClaimsError> {
        let mut failures = Vec::new();
        self.hold_typ(headers, &mut failures);
        self.hold_presence(claims, &mut failures);
        let malformed = claims.malformed();
        failures.extend(malformed.map(|(claim, expected)| {
            let actual = excerpt(claims.json_of(claim).unwrap_or_default());
            ClaimFailure::Malformed { claim, expected, actual }
        }));
        self.hold_parties(claims, &mut failures);
        let differing = outside.into_iter().flat_map(|header| claims.differing_from(header));
        failures.extend(differing.map(|claim| ClaimFailure::Replicated { claim }));
        self.hold_times(claims, now, &mut failures);
        if failures.is_empty() { Ok(()) } else { Err(ClaimsError { failures }) }
    }

    /// Asks the caller's own conditions in order, up to the first that does not hold.
    pub(super) fn ask(&self, presented: &Presented<'_>) -> Result<(), ClaimsError> {
        match self.predicates.iter().find(|(_, holds)| !holds(presented)) {
            None => Ok(()),
            Some((name, _)) => {
                Err(ClaimsError { failures: alloc::vec![ClaimFailure::Custom { name }] })
            }
        }
    }

    fn hold_typ<'h>(
        &self,
        headers: impl IntoIterator<Item = &'h Header>,
        failures: &mut Vec<ClaimFailure>,
    ) {
        let Some(expected) = &self.typ else { return };
        if let Some(other) = headers.into_iter().find(|header| !header.is_typ(expected)) {
            let actual = other.typ().map(excerpt);
            failures.push(ClaimFailure::Typ { expected: expected.clone(), actual });
        }
    }

    fn hold_presence(&self, claims: &Claims, failures: &mut Vec<ClaimFailure>) {
        let aged = self.max_token_age.is_some();
        let implied = [
            ("iss", !self.issuers.is_empty()),
            ("sub", !self.subjects.is_empty()),
            ("aud", matches!(&self.audiences, Audience::OneOf(audiences) if !audiences.is_empty())),
            ("jti", self.jti.is_some()),
            ("iat", aged),
        ];
        let implied = implied.into_iter().filter(|(_, asked)| *asked).map(|(name, _)| name);
        let mut missing: Vec<&str> = implied
            .chain(self.required.iter().map(String::as_str))
            .filter(|name| matches!(claims.json_of(name), None | Some("null")))
            .collect();
        missing.sort_unstable();
        missing.dedup();
        failures.extend(
            missing.into_iter().map(|claim| ClaimFailure::Missing { claim: claim.to_string() }),
        );
    }

    fn hold_parties(&self, claims: &Claims, failures: &mut Vec<ClaimFailure>) {
        let among = |expected: &[String], actual: &Option<Cow<'_, str>>| match actual {
            Some(actual) if !expected.is_empty() => expected.iter().any(|own| own == actual),
            _ => true,
        };
        let actual = |text: &Option<Cow<'_, str>>| excerpt(text.as_deref().unwrap_or_default());
        let issuer = claims.issuer();
        if !among(&self.issuers, &issuer) {
            let expected = self.issuers.clone();
            failures.push(ClaimFailure::Issuer { expected, actual: actual(&issuer) });
        }
        let subject = claims.subject();
        if !among(&self.subjects, &subject) {
            let expected = self.subjects.clone();
            failures.push(ClaimFailure::Subject { expected, actual: actual(&subject) });
        }
        if let (Audience::OneOf(expected), Some(audience)) = (&self.audiences, claims.audience())
            && !audience.iter().any(|member| expected.iter().any(|own| own == member))
        {
            let actual = audience.iter().take(8).map(|member| excerpt(member)).collect();
            failures.push(ClaimFailure::Audience { expected: expected.clone(), actual });
        }
        let jti = claims.token_id();
        if let (Some(expected), Some(id)) = (&self.jti, &jti)
            && expected != id
        {
            failures.push(ClaimFailure::Jti { expected: expected.clone(), actual: actual(&jti) });
        }
    }

    /// The leeway is added to the token's side and never taken from `now`, so that no clock near
    /// 1970 makes it wrap.
    fn hold_times(&self, claims: &Claims, now: UnixTime, failures: &mut Vec<ClaimFailure>) {
        let leeway = self.leeway;
        let (iat, late) = (claims.issued_at(), now.saturating_add(leeway));
        if let Some(nbf) = claims.not_before()
            && nbf > late
        {
            failures.push(ClaimFailure::NotYetValid { nbf, now, leeway });
        }
        if let Some(exp) = claims.expires_at()
            && exp.saturating_add(leeway) <= now
        {
            let jti = claims.token_id().map(|jti| excerpt(&jti));
            failures.push(ClaimFailure::Expired { exp, now, leeway, iat, jti });
        }
        let Some(iat) = iat else { return };
        if (self.refuse_future_iat || self.max_token_age.is_some()) && iat > late {
            failures.push(ClaimFailure::IssuedInFuture { iat, now, leeway });
        }
        if let Some(max_age) = self.max_token_age
            // `iat` has been rounded down where it was written, so `now` is here.
            && iat.saturating_add(max_age).saturating_add(leeway) < now.floor()
        {
            failures.push(ClaimFailure::TooOld { iat, max_age, now, leeway });
        }
    }
}

impl fmt::Debug for Validation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let predicates: Vec<_> = self.predicates.iter().map(|(name, _)| *name).collect();
        f.debug_struct("Validation")
            .field("policy", &self.policy)
            .field("decryption", &self.decryption)
            .field("issuers", &self.issuers)
            .field("subjects", &self.subjects)
            .field("audiences", &self.audiences)
            .field("jti", &self.jti)
            .field("typ", &self.typ)
            .field("required", &self.required)
            .field("max_token_age", &self.max_token_age)
            .field("refuse_future_iat", &self.refuse_future_iat)
            .field("leeway", &self.leeway)
            .field("predicates", &predicates)
            .finish()
    }
}

/// One rule that authentic claims break. Texts from the token are cut at 64 octets.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ClaimFailure {
    /// `aud` names nobody we are. With nothing expected: it names somebody, and the caller said
    /// neither who we are nor that any audience will do.
    Audience {
        /// Who we are.
        expected: Vec<String>,
        /// The first eight of those it names.
        actual: Vec<String>,
    },
    /// A condition of the caller's does not hold.
    Custom {
        /// What the caller named it.
        name: &'static str,
    },
    /// It has expired.
    Expired {
        /// When it did.
        exp: UnixTime,
        /// When it was looked at.
        now: UnixTime,
        /// What was forgiven.
        leeway: Duration,
        /// When it was issued, if it says so.
        iat: Option<UnixTime>,
        /// Its name, if it has one.
        jti: Option<String>,
    },
    /// It was issued in the future.
    IssuedInFuture {
        /// When it says it was.
        iat: UnixTime,
        /// When it was looked at.
        now: UnixTime,
        /// What was forgiven.
        leeway: Duration,
    },
    /// `iss` is another.
    Issuer {
        /// Those accepted.
        expected: Vec<String>,
        /// The one it names.
        actual: String,
    },
    /// `jti` is another.
    Jti {
        /// The one expected.
        expected: String,
        /// The one it has.
        actual: String,
    },
    /// A registered claim is of the wrong type.
    Malformed {
        /// The claim.
        claim: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What it is, as JSON text cut at 64 octets.
        actual: String,
    },
    /// A required claim is absent, or `null`.
    Missing {
        /// The claim.
        claim: String,
    },
    /// It is not to be accepted yet.
    NotYetValid {
        /// From when on it is.
        nbf: UnixTime,
        /// When it was looked at.
        now: UnixTime,
        /// What was forgiven.
        leeway: Duration,
    },
    /// A header of the token that the claims were encrypted in has one of them otherwise
    /// (RFC 7519 §5.3).
    Replicated {
        /// The claim.
        claim: &'static str,
    },
    /// `sub` is another.
    Subject {
        /// Those accepted.
        expected: Vec<String>,
        /// The one it names.
        actual: String,
    },
    /// It was issued too long ago.
    TooOld {
        /// When it was.
        iat: UnixTime,
        /// How long ago that may be.
        max_age: Duration,
        /// When it was looked at.
        now: UnixTime,
        /// What was forgiven.
        leeway: Duration,
    },
    /// The header's `typ` is another, or absent.
    Typ {
        /// The one expected.
        expected: String,
        /// The one it has.
        actual: Option<String>,
    },
}

impl ClaimFailure {
    /// A code that stays the same between versions.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Expired { .. } | Self::TooOld { .. } => "ERR_JWT_EXPIRED",
            Self::Missing { .. } => "ERR_JWT_CLAIM_MISSING",
            Self::NotYetValid { .. } => "ERR_JWT_NBF",
            Self::Typ { .. } => "ERR_JWS_INVALID",
            _ => "ERR_JWT_CLAIM_INVALID",
        }
    }
}

impl fmt::Display for ClaimFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let forgiven = |f: &mut fmt::Formatter<'_>, leeway: &Duration| match leeway.as_secs() {
            0 => Ok(()),
            seconds => write!(f, ", with {seconds} s of leeway"),
        };
        match self {
            Self::Audience { expected, .. } if expected.is_empty() => {
                f.write_str("`aud` is present and no audience was expected")
            }
            Self::Audience { .. } => f.write_str("`aud` does not name the expected audience"),
            Self::Custom { name } => write!(f, "`{name}` does not hold"),
            Self::Expired { exp, now, leeway, .. } => {
                write!(f, "expired at {exp}, it is {now}")?;
                forgiven(f, leeway)
            }
            Self::IssuedInFuture { iat, now, leeway } => {
                write!(f, "issued at {iat}, it is only {now}")?;
                forgiven(f, leeway)
            }
            Self::Issuer { .. } => f.write_str("`iss` is not an expected issuer"),
            Self::Jti { .. } => f.write_str("`jti` is not the expected one"),
            Self::Malformed { claim, expected, .. } => write!(f, "`{claim}` must be {expected}"),
            // Only the caller's own list leads here.
            Self::Missing { claim } => write!(f, "`{claim}` is missing"),
            Self::NotYetValid { nbf, now, leeway } => {
                write!(f, "not valid before {nbf}, it is only {now}")?;
                forgiven(f, leeway)
            }
            Self::Replicated { claim } => write!(f, "`{claim}` is another in the header"),
            Self::Subject { .. } => f.write_str("`sub` is not an expected subject"),
            Self::TooOld { iat, max_age, now, leeway } => {
                let age = max_age.as_secs();
                write!(f, "issued at {iat}, older than {age} s, it is {now}")?;
                forgiven(f, leeway)
            }
            Self::Typ { .. } => f.write_str("`typ` is not the expected one"),
        }
    }
}

/// Every rule that the claims of a genuine token break; at least one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClaimsError {
    failures: Vec<ClaimFailure>,
}

impl ClaimsError {
    /// The rules that are broken: `typ`, then what is missing, of the wrong type, about other
    /// parties, another in the header, too early or too late, and the caller's own.
    #[must_use]
    pub fn failures(&self) -> &[ClaimFailure] {
        &self.failures
    }

    /// The code of the first failure, which stays the same between versions.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.failures.first().map_or("ERR_JWT_CLAIM_INVALID", ClaimFailure::code)
    }
}

impl fmt::Display for ClaimsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, failure) in self.failures.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{failure}")?;
        }
        Ok(())
    }
}

impl Error for ClaimsError {}
