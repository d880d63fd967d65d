//! Decrypting tokens with claims (RFC 7519 §7.2), and tokens that are signed inside.

use alloc::vec::Vec;

use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::verify::verify_under;
use super::{Claims, Error, Presented, Validation};
use crate::error::{Rule, Subject};
use crate::jwe::{self, Decrypted};
use crate::jws::{self, Verified};
use crate::time::UnixTime;

/// Decrypts a token and returns its claims as `C`, once they keep `rules` at the time `now`.
///
/// Whoever has the key could have made the token, and to a public key that is everyone. Where it
/// matters who did, have it signed inside, and use [`decrypt_then_verify`].
///
/// # Errors
///
/// [`Error::Parse`] for what is no token, or whose claims are no JSON object or do not fit `C`;
/// [`Error::Decrypt`] for one that none of the keys decrypts; [`Error::Claims`] for one whose claims
/// break a rule, with every rule they break. An `iss`, `sub` or `aud` that a header repeats has to be
/// the same there (RFC 7519 §5.3).
pub fn decrypt<C: DeserializeOwned>(
    token: &str,
    keys: &(impl jwe::KeyResolver + ?Sized),
    rules: &Validation,
    now: UnixTime,
) -> Result<Decrypted<C>, Error> {
    accept_decrypted(jwe::decrypt_with(token, keys, rules.decryption_policy())?, rules, now)
}

/// Holds the content of a token that has been decrypted already to `rules`, and returns it as `C`.
///
/// This is the second half of [`decrypt`], for tokens that were decrypted apart: with keys that had to be
/// fetched first, say, or claims for several [recipients](jwe::Jwe).
///
/// # Errors
///
/// [`Error::Parse`] if the content is no JSON object or does not fit `C`; [`Error::Claims`] if the claims
/// break a rule.
pub fn accept_decrypted<C: DeserializeOwned>(
    decrypted: Decrypted<Vec<u8>>,
    rules: &Validation,
    now: UnixTime,
) -> Result<Decrypted<C>, Error> {
    let claims = hold(decrypted, rules, now)?;
    let decoded = claims.decode()?;
    rules.ask(&Presented::from(&claims))?;
    claims.try_map(|_| Ok(decoded))
}

/// As [`decrypt`], with the claims as they are.
///
/// # Errors
///
/// As [`decrypt`].
pub fn decrypt_claims(
    token: &str,
    keys: &(impl jwe::KeyResolver + ?Sized),
    rules: &Validation,
    now: UnixTime,
) -> Result<Decrypted<Claims>, Error> {
    let decrypted = jwe::decrypt_with(token, keys, rules.decryption_policy())?;
    let claims = hold(decrypted, rules, now)?;
    rules.ask(&Presented::from(&claims))?;
    Ok(claims)
}

/// Decrypts a token that holds a signed one (RFC 7519 §5.2, appendix A.2), verifies that, and returns
/// its claims as `C`.
///
/// What was signed inside is all that counts: `rules` are held against it and its header. The token
/// outside has to say that there is one (`cty`: `JWT`) and not to name another `iss`, `sub` or `aud`,
/// and what is inside has to be a signature: not claims without one, and no further encryption.
///
/// # Errors
///
/// As [`decrypt`] for the token outside and [`verify`](super::verify()) for the one inside.
pub fn decrypt_then_verify<C: DeserializeOwned>(
    token: &str,
    decryption_keys: &(impl jwe::KeyResolver + ?Sized),
    verification_keys: &(impl jws::KeyResolver + ?Sized),
    rules: &Validation,
    now: UnixTime,
) -> Result<Verified<C>, Error> {
    let outside = jwe::decrypt_with(token, decryption_keys, rules.decryption_policy())?;
    if !outside.protected().is_cty("JWT") {
        return Err(Rule::Value { member: "cty", expected: "JWT" }.of(Subject::Jwe).into());
    }
    let header = outside.protected().clone();
    let inside = Zeroizing::new(outside.into_content());
    let inside = core::str::from_utf8(&inside).map_err(|_| Rule::Utf8.of(Subject::Plaintext))?;
    verify_under(Some(&header), inside, verification_keys, rules, now)
}

/// Everything but the caller's own conditions.
fn hold(
    decrypted: Decrypted<Vec<u8>>,
    rules: &Validation,
    now: UnixTime,
) -> Result<Decrypted<Claims>, Error> {
    let claims = decrypted.try_map(|plaintext| {
        Claims::parse_object(plaintext, rules.decryption_policy().ceilings())
            .map_err(|rule| rule.of(Subject::Claims))
    })?;
    let headers = [Some(claims.protected()), claims.shared(), claims.recipient()];
    rules.hold([claims.protected()], headers.into_iter().flatten(), &claims, now)?;
    Ok(claims)
}
