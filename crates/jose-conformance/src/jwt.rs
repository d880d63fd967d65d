//! Claims (RFC 7519, RFC 8725): what is signed, and what is accepted.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use core::error::Error as _;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;

use jose_core::crypto::{Backend, CryptoError};
use jose_core::error::{self, KeyError, Rule, VerifyError};
use jose_core::jwa::{Hash, SignatureAlgorithm};
use jose_core::jws::{self, Policy, SigningKey, Unverified, Verified, VerifyingKey};
use jose_core::jwt::{self, Builder, ClaimFailure, Claims, SignError, Validation};
use jose_core::time::{DurationError, IntoSeconds};
use jose_core::{Header, Limits, UnixTime, base64url, hazmat};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

use crate::{Subject, keys};

const ALG: SignatureAlgorithm = SignatureAlgorithm::HS256;
const MARKER: &str = "xyzzy-plugh";
const TIME: &str = "a NumericDate from 1970 to 9999";
const TEXT: &str = "a string";
const TEXTS: &str = "a string or an array of strings";
const TIMES: [&str; 3] = ["exp", "nbf", "iat"];

fn at(secs: u64) -> UnixTime {
    UnixTime::from_secs(secs)
}

/// The moment that a JSON number names, with its fraction of a second.
fn moment(json: &str) -> UnixTime {
    serde_json::from_str(json).unwrap()
}

fn key(subject: &Subject) -> SigningKey {
    keys::signer(ALG, subject.backend())
}

fn trusted(subject: &Subject) -> VerifyingKey {
    keys::verifier(ALG, subject.backend())
}

/// A genuine token with any octets at all as its payload.
fn genuine(payload: impl AsRef<[u8]>, subject: &Subject) -> String {
    jws::sign(payload.as_ref(), &key(subject)).unwrap()
}

/// What becomes of a genuine token with this payload.
fn judge(
    payload: impl AsRef<[u8]>,
    rules: &Validation,
    now: UnixTime,
    subject: &Subject,
) -> Result<Verified<Claims>, jwt::Error> {
    jwt::verify_claims(&genuine(payload, subject), &trusted(subject), rules, now)
}

/// The rules that genuine claims break, which are the same when they are read as a type.
fn failures(
    payload: impl AsRef<[u8]>,
    rules: &Validation,
    now: UnixTime,
    subject: &Subject,
) -> Vec<ClaimFailure> {
    let token = genuine(payload, subject);
    let typed = jwt::verify::<Value>(&token, &trusted(subject), rules, now).map(|_| ());
    let plain = jwt::verify_claims(&token, &trusted(subject), rules, now).map(|_| ());
    assert_eq!(format!("{typed:?}"), format!("{plain:?}"), "one verdict by either way in");
    match plain {
        Ok(()) => Vec::new(),
        Err(jwt::Error::Claims(error)) => {
            assert_eq!(error.code(), error.failures()[0].code());
            error.failures().to_vec()
        }
        Err(other) => panic!("{other:?}"),
    }
}

fn accepted(
    payload: impl AsRef<[u8]>,
    rules: &Validation,
    now: UnixTime,
    subject: &Subject,
) -> bool {
    failures(payload, rules, now, subject).is_empty()
}

/// The rule of a claims set that a genuine payload breaks.
fn broken_rule(payload: impl AsRef<[u8]>, rules: &Validation, subject: &Subject) -> Rule {
    match judge(payload, rules, at(0), subject) {
        Err(jwt::Error::Parse(error)) => {
            assert_eq!(error.subject(), error::Subject::Claims);
            assert_eq!(error.code(), "ERR_JWT_CLAIM_INVALID");
            error.rule()
        }
        other => panic!("{other:?}"),
    }
}

/// `token` with another payload under its old signature.
fn forged(token: &str, payload: &str) -> String {
    let (header, rest) = token.split_once('.').unwrap();
    let (_, signature) = rest.split_once('.').unwrap();
    format!("{header}.{}.{signature}", base64url::encode(payload.as_bytes()))
}

fn payload_of(token: &str) -> String {
    let unverified = Unverified::parse(token).unwrap();
    String::from_utf8(hazmat::peek_unverified_payload(&unverified).to_vec()).unwrap()
}

fn claims_of(token: &str) -> Value {
    serde_json::from_str(&payload_of(token)).unwrap()
}

fn header_of(token: &str) -> Header {
    Unverified::parse(token).unwrap().header().clone()
}

/// What `builder` makes of `claims`.
fn built(builder: Builder, claims: &Value, subject: &Subject) -> Value {
    claims_of(&builder.sign(claims, &key(subject)).unwrap())
}

fn refused_rule(refused: Result<String, SignError>) -> Rule {
    match refused {
        Err(SignError::Claims(error)) => {
            assert_eq!(error.subject(), error::Subject::Claims);
            assert_eq!(error.code(), "ERR_JWT_CLAIM_INVALID");
            error.rule()
        }
        other => panic!("{other:?}"),
    }
}

fn refused_duration(refused: Result<String, SignError>) -> DurationError {
    match refused {
        Err(SignError::Duration(error)) => {
            assert_eq!(error.code(), "ERR_JWT_CLAIM_INVALID");
            error
        }
        other => panic!("{other:?}"),
    }
}

fn malformed(claim: &'static str, expected: &'static str) -> ClaimFailure {
    ClaimFailure::Malformed { claim, expected }
}

fn missing(claim: &str) -> ClaimFailure {
    ClaimFailure::Missing { claim: claim.into() }
}

fn expired(exp: &str, now: UnixTime, leeway: u64) -> ClaimFailure {
    let leeway = Duration::from_secs(leeway);
    ClaimFailure::Expired { exp: moment(exp), now, leeway, iat: None, jti: None }
}

fn not_yet(nbf: &str, now: UnixTime, leeway: u64) -> ClaimFailure {
    ClaimFailure::NotYetValid { nbf: moment(nbf), now, leeway: Duration::from_secs(leeway) }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| String::from(*text)).collect()
}

/// `{"a":[[…]]}`, with so many objects and arrays inside one another.
fn nested(depth: usize) -> String {
    format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1))
}

/// An error and all its sources, as text.
fn chain(error: &dyn core::error::Error) -> Vec<String> {
    let mut texts = vec![error.to_string()];
    let mut source = error.source();
    while let Some(error) = source {
        texts.push(error.to_string());
        source = error.source();
    }
    texts
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Session {
    iss: String,
    sub: String,
    exp: UnixTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    roles: BTreeSet<String>,
    tenant: BTreeMap<String, u64>,
}

fn session() -> Session {
    Session {
        iss: "https://idp.example".into(),
        sub: "jo\u{eb} \"the\" \u{1F99C}\n".into(),
        exp: moment("2000000000.5"),
        jti: None,
        roles: ["admin", "user"].map(Into::into).into(),
        tenant: [("largest".into(), u64::MAX), ("least".into(), 0)].into(),
    }
}

/// A struct goes in, and the same struct comes out, under every algorithm.
pub fn typed_claims_round_trip_under_every_algorithm(subject: &Subject) {
    let rules = Validation::new().issuer("https://idp.example");
    for alg in subject.algorithms() {
        let token = jwt::sign(&session(), &keys::signer(alg, subject.backend())).unwrap();
        let trusted = keys::verifier(alg, subject.backend());
        let verified = jwt::verify::<Session>(&token, &trusted, &rules, at(2_000_000_000)).unwrap();
        assert_eq!(verified.content(), &session(), "{alg}");
        assert_eq!(verified.key_id(), keys::private(alg).kid(), "{alg}");
        let refused = jwt::verify::<Session>(&token, &trusted, &rules, at(2_000_000_001));
        assert_eq!(refused.unwrap_err().code(), "ERR_JWT_EXPIRED", "{alg}");
    }
}

/// Claims are signed as they were given: nothing is added, and nothing is in another order.
pub fn claims_are_signed_as_they_are(subject: &Subject) {
    #[derive(Serialize)]
    struct Ordered {
        zulu: u8,
        alpha: Option<u8>,
        mike: &'static str,
    }
    let ordered = Ordered { zulu: 1, alpha: None, mike: "</script>" };
    let token = jwt::sign(&ordered, &key(subject)).unwrap();
    assert_eq!(payload_of(&token), r#"{"zulu":1,"alpha":null,"mike":"</script>"}"#);
    assert_eq!(payload_of(&jwt::sign(&json!({}), &key(subject)).unwrap()), "{}");
}

/// A claim that the claims write is that claim: no option overrides it, and none is written twice.
pub fn a_claim_the_claims_write_is_never_overridden(subject: &Subject) {
    let claims = json!({"iat": 0, "nbf": 5, "exp": 7, "jti": "mine"});
    let builders = [
        Builder::at(at(1000)).expires_in("1h").not_before_in("1m").jti("other").issued_at(),
        Builder::at(at(1000)).expires_at(at(9)).not_before_at(at(9)).random_jti(subject.backend()),
    ];
    for builder in builders {
        let token = builder.sign(&claims, &key(subject)).unwrap();
        assert_eq!(claims_of(&token), claims);
        for name in ["iat", "nbf", "exp", "jti"] {
            assert_eq!(payload_of(&token).matches(&format!("\"{name}\":")).count(), 1, "{name}");
        }
    }
    let some = built(Builder::at(at(1000)).expires_in("1h"), &json!({"iat": 0}), subject);
    assert_eq!(some, json!({"iat": 0, "exp": 3600}), "an `iat` of 0 is an `iat`");
}

/// A registered claim of the wrong type is refused when signing: no verifier would take it.
pub fn a_registered_claim_of_the_wrong_type_is_not_signed(subject: &Subject) {
    let wrong_times = ["null", r#""""#, r#""123""#, "true", "[]", "{}", "-1", "1e300"];
    let wrong_texts = ["null", "0", "false", "[]", r#"["a"]"#, "{}"];
    let wrong_audiences = ["null", "0", "true", "{}", "[1]", r#"["a",null]"#, r#"[["a"]]"#];
    let table = [
        (&TIMES[..], &wrong_times[..], TIME),
        (&["iss", "sub", "jti"], &wrong_texts, TEXT),
        (&["aud"], &wrong_audiences, TEXTS),
    ];
    for (names, wrongs, expected) in table {
        for (name, wrong) in names.iter().flat_map(|name| wrongs.iter().map(move |w| (*name, w))) {
            let claims: Value = serde_json::from_str(&format!("{{\"{name}\":{wrong}}}")).unwrap();
            let rule = Rule::Type { member: name, expected };
            assert_eq!(refused_rule(jwt::sign(&claims, &key(subject))), rule, "{name} {wrong}");
            let timed = Builder::at(at(0)).expires_in("1h").not_before_in("0").issued_at();
            assert_eq!(refused_rule(timed.sign(&claims, &key(subject))), rule, "{name} {wrong}");
        }
    }
    for right in [json!({"aud": "a"}), json!({"aud": ["a", "b"]}), json!({"aud": [], "exp": 0})] {
        assert!(jwt::sign(&right, &key(subject)).is_ok(), "{right}");
    }
}

/// A number that JSON cannot hold becomes `null` on the way, and must not pass for a time.
pub fn a_time_that_is_no_number_is_not_signed(subject: &Subject) {
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, -1.0] {
        for name in TIMES {
            let refused = jwt::sign(&BTreeMap::from([(name, number)]), &key(subject));
            assert_eq!(refused_rule(refused), Rule::Type { member: name, expected: TIME });
        }
    }
}

/// Claims are a JSON object; options for claims do not make one of anything else.
pub fn what_is_no_object_is_not_signed_as_claims(subject: &Subject) {
    fn check(claims: &impl Serialize, subject: &Subject) {
        assert_eq!(refused_rule(jwt::sign(claims, &key(subject))), Rule::NotAnObject);
        let timed = Builder::at(at(1)).expires_in("1h").jti("a");
        assert_eq!(refused_rule(timed.sign(claims, &key(subject))), Rule::NotAnObject);
        let unsigned = Builder::at(at(1)).unsigned(claims, ALG, None);
        assert_eq!(refused_rule(unsigned.map(|_| String::new())), Rule::NotAnObject);
    }
    check(&[1, 2], subject);
    check(&[("sub", "joe")], subject);
    check(&r#"{"sub":"joe"}"#, subject);
    check(&5, subject);
    check(&f64::NAN, subject);
    check(&true, subject);
    check(&(), subject);
    check(&None::<Session>, subject);
}

/// Claims that would be refused as hostile when read are refused when signed.
pub fn claims_that_no_reader_takes_are_not_signed(subject: &Subject) {
    #[derive(Serialize)]
    struct Twice {
        sub: &'static str,
        #[serde(flatten)]
        rest: BTreeMap<&'static str, &'static str>,
    }
    struct Unwilling;
    impl Serialize for Unwilling {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom(MARKER))
        }
    }
    let twice = Twice { sub: "joe", rest: BTreeMap::from([("sub", "eve")]) };
    assert_eq!(refused_rule(jwt::sign(&twice, &key(subject))), Rule::DuplicateMember);
    let deep = |depth| serde_json::from_str::<Value>(&nested(depth)).unwrap();
    assert!(jwt::sign(&deep(64), &key(subject)).is_ok());
    let refused = jwt::sign(&deep(65), &key(subject));
    assert_eq!(refused_rule(refused), Rule::Depth { limit: 64 });
    let refused = jwt::sign(&Unwilling, &key(subject));
    assert!(!format!("{refused:?}").contains(MARKER));
    assert_eq!(refused_rule(refused), Rule::Shape);
    let refused = jwt::sign(&BTreeMap::from([((1, 2), 3)]), &key(subject));
    assert_eq!(refused_rule(refused), Rule::Shape);
}

/// `typ` is `JWT` on claims and absent from octets; `cty` is not for either (RFC 7519 §5.2).
pub fn claims_are_typed_and_octets_are_not(subject: &Subject) {
    let claims = header_of(&jwt::sign(&json!({}), &key(subject)).unwrap());
    assert_eq!((claims.typ(), claims.cty()), (Some("JWT"), None));
    let octets = header_of(&jws::sign(b"{}", &key(subject)).unwrap());
    assert_eq!((octets.typ(), octets.cty()), (None, None));
    let typed = |builder: Builder| {
        let token = builder.sign(&json!({}), &key(subject)).unwrap();
        header_of(&token).typ().map(String::from)
    };
    assert_eq!(typed(Builder::at(at(0)).typ("at+jwt")).as_deref(), Some("at+jwt"));
    assert_eq!(typed(Builder::at(at(0)).without_typ()), None);
    assert_eq!(typed(Builder::at(at(0)).header(Header::new())).as_deref(), Some("JWT"));
    let given = Header::new().with_typ("dpop+jwt");
    assert_eq!(typed(Builder::at(at(0)).header(given.clone())).as_deref(), Some("dpop+jwt"));
    assert_eq!(typed(Builder::at(at(0)).header(given).typ("at+jwt")).as_deref(), Some("at+jwt"));
}

/// A token names its key as the key names itself, unless told otherwise.
pub fn a_token_names_its_key_unless_told_otherwise(subject: &Subject) {
    let named = |builder: Builder, key: &SigningKey| {
        let token = builder.sign(&json!({}), key).unwrap();
        header_of(&token).kid().map(String::from)
    };
    let start = || Builder::at(at(0));
    assert_eq!(named(start(), &key(subject)).as_deref(), Some("hs256-1"));
    assert_eq!(named(start().kid("other"), &key(subject)).as_deref(), Some("other"));
    assert_eq!(named(start().without_kid(), &key(subject)), None);
    let given = Header::new().with_kid("given");
    assert_eq!(named(start().header(given), &key(subject)).as_deref(), Some("given"));
    let nameless =
        SigningKey::from_jwk(&keys::private(ALG).without_kid(), subject.backend()).unwrap();
    assert_eq!(named(start(), &nameless), None);
    assert_eq!(named(start().kid("other"), &nameless).as_deref(), Some("other"));
}

/// One key, one algorithm: a header that names another is refused, not obeyed.
pub fn a_header_that_contradicts_the_key_is_refused(subject: &Subject) {
    let other = keys::signer(SignatureAlgorithm::HS512, subject.backend()).header();
    let refused = Builder::at(at(0)).header(other.clone()).sign(&json!({}), &key(subject));
    let Err(SignError::Jws(jws::SignError::Key(KeyError::Algorithm { expected, actual }))) =
        &refused
    else {
        panic!("{refused:?}")
    };
    assert_eq!((*expected, actual.as_str()), ("HS256", "HS512"));
    let unsigned = Builder::at(at(0)).header(other).unsigned(&json!({}), ALG, None);
    assert!(matches!(unsigned, Err(SignError::Jws(jws::SignError::Key(_)))), "{unsigned:?}");
    let same = key(subject).header();
    assert!(Builder::at(at(0)).header(same).sign(&json!({}), &key(subject)).is_ok());
}

/// Header parameters of the caller's are signed with the claims, `crit` and all.
pub fn header_parameters_of_the_callers_are_signed(subject: &Subject) {
    let header = Header::new().with("region", json!(["eu", 1])).unwrap().with_cty("x");
    let header = header.with_crit(["region"]);
    let token = Builder::at(at(0)).header(header.clone()).sign(&json!({}), &key(subject)).unwrap();
    let rules = Validation::new().with_policy(Policy::new().understands("region"));
    let verified = jwt::verify_claims(&token, &trusted(subject), &rules, at(0)).unwrap();
    assert_eq!(verified.protected().get("region"), Some(r#"["eu",1]"#));
    assert_eq!(verified.protected().cty(), Some("x"));
    let refused = jwt::verify_claims(&token, &trusted(subject), &Validation::new(), at(0));
    let Err(jwt::Error::Verify(VerifyError::Critical(critical))) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(critical, error::Critical::NotUnderstood("region".into()));
    for name in ["alg", "b64", "crit", "jwk", "kid", "typ", "zip"] {
        let refused = header.clone().with(name, "a").unwrap_err();
        assert!(matches!(refused.rule(), Rule::Value { .. }), "{name}: {refused:?}");
    }
}

/// A time is a number of seconds after `iat`, in the grammar of durations or as a `Duration`.
pub fn durations_follow_the_grammar(subject: &Subject) {
    for (units, seconds) in [
        (&["", "s", "second", "seconds"][..], 1),
        (&["m", "minute", "minutes"], 60),
        (&["h", "hour", "hours"], 3_600),
        (&["D", "day", "days"], 86_400),
        (&["W", "week", "weeks"], 604_800),
        (&["M", "month", "months"], 2_592_000),
        (&["Y", "year", "years"], 31_536_000),
    ] {
        let later = 1000 + 3 * seconds;
        for unit in units {
            let text = format!("03{unit}");
            let builder = Builder::at(at(1000)).expires_in(&text).not_before_in(&text);
            let expected = json!({"iat": 1000, "nbf": later, "exp": later});
            assert_eq!(built(builder, &json!({}), subject), expected, "{text}");
        }
        let builder = Builder::at(at(1000)).expires_in(Duration::from_secs(3 * seconds));
        assert_eq!(built(builder, &json!({}), subject)["exp"], later);
    }
}

/// A duration outside the grammar is refused wherever a duration is taken.
pub fn durations_outside_the_grammar_are_refused(subject: &Subject) {
    fn check(duration: impl IntoSeconds + Copy, expected: DurationError, subject: &Subject) {
        let sign = |builder: Builder| refused_duration(builder.sign(&json!({}), &key(subject)));
        assert_eq!(sign(Builder::at(at(0)).expires_in(duration)), expected);
        assert_eq!(sign(Builder::at(at(0)).not_before_in(duration)), expected);
        assert_eq!(Validation::new().leeway(duration).unwrap_err(), expected);
        assert_eq!(Validation::new().max_token_age(duration).unwrap_err(), expected);
    }
    for text in [
        "", "h", "1d", "1w", "1y", "1H", "1S", "1 h", " 1h", "1h ", "1h\n", "-1", "-1h", "+1h",
        "1.5h", "1e3", "10ms", "1h30m", "1hr", "0x10", "\u{661}h", "Infinity", "NaN",
    ] {
        check(text, DurationError::Grammar, subject);
    }
    for text in ["18446744073709551616", "999999999999999999999Y", "584942417356Y"] {
        check(text, DurationError::Overflow, subject);
    }
    check(Duration::from_millis(1500), DurationError::Fraction, subject);
    check(Duration::MAX, DurationError::Fraction, subject);
}

/// A token that expires when it is made is a mistake; one that is valid at once is not.
pub fn a_token_that_never_lives_is_refused(subject: &Subject) {
    let sign = |builder: Builder| builder.sign(&json!({}), &key(subject));
    for zero in ["0", "0h", "00seconds"] {
        let refused = sign(Builder::at(at(5)).expires_in(zero));
        assert_eq!(refused_duration(refused), DurationError::Zero);
        let nbf = built(Builder::at(at(5)).not_before_in(zero), &json!({}), subject);
        assert_eq!(nbf, json!({"iat": 5, "nbf": 5}));
    }
    let refused = sign(Builder::at(at(5)).expires_in(Duration::ZERO));
    assert_eq!(refused_duration(refused), DurationError::Zero);
}

/// No time after the year 9999 is written, whatever it is the sum of.
pub fn a_time_past_the_year_9999_is_not_signed(subject: &Subject) {
    let refused =
        |builder: Builder, claims: &Value| refused_duration(builder.sign(claims, &key(subject)));
    for long in ["253402300799", "8036Y", "18446744073709551615", "584942417355Y"] {
        let start = || Builder::at(at(1));
        let (exp, nbf) = (start().expires_in(long), start().not_before_in(long));
        assert_eq!(refused(exp, &json!({})), DurationError::Overflow, "{long}");
        assert_eq!(refused(nbf, &json!({})), DurationError::Overflow, "{long}");
    }
    let late = json!({"iat": 253_402_300_799_u64});
    let start = || Builder::at(at(1));
    assert_eq!(refused(start().expires_in("1"), &late), DurationError::Overflow);
    let last = built(start().expires_in("253402300798"), &json!({}), subject);
    assert_eq!(last["exp"], 253_402_300_799_u64);
    let most = built(Builder::at(UnixTime::MAX).expires_at(UnixTime::MAX), &json!({}), subject);
    assert_eq!(most, json!({"iat": 253_402_300_799_u64, "exp": 253_402_300_799_u64}));
}

/// Two options for one time are a mistake, whichever comes first and whatever the claims say.
pub fn two_ways_to_say_one_time_exclude_each_other(subject: &Subject) {
    let start = || Builder::at(at(0));
    for (builder, options) in [
        (start().expires_in("1h").expires_at(at(9)), "expires_in and expires_at"),
        (start().expires_at(at(9)).expires_in("1h"), "expires_in and expires_at"),
        (start().not_before_in("1h").not_before_at(at(9)), "not_before_in and not_before_at"),
        (start().not_before_at(at(9)).not_before_in("0"), "not_before_in and not_before_at"),
    ] {
        let refused = builder.sign(&json!({"exp": 1, "nbf": 1}), &key(subject)).unwrap_err();
        assert_eq!(refused.code(), "ERR_JWT_CLAIM_INVALID");
        assert!(matches!(refused, SignError::Conflict(own) if own == options), "{refused:?}");
    }
}

/// `iat` comes with a time option, and not without one.
pub fn no_time_is_written_unless_one_is_asked_for(subject: &Subject) {
    let claims = json!({"sub": "joe"});
    assert_eq!(claims_of(&jwt::sign(&claims, &key(subject)).unwrap()), claims);
    assert_eq!(built(Builder::at(at(7)).typ("a").kid("b"), &claims, subject), claims);
    let with = |builder: Builder| built(builder, &json!({}), subject);
    assert_eq!(with(Builder::at(at(7)).issued_at()), json!({"iat": 7}));
    assert_eq!(with(Builder::at(at(7)).expires_in("1")), json!({"iat": 7, "exp": 8}));
    assert_eq!(with(Builder::at(at(7)).expires_at(at(9))), json!({"iat": 7, "exp": 9}));
    assert_eq!(with(Builder::at(at(7)).not_before_in("1")), json!({"iat": 7, "nbf": 8}));
    assert_eq!(with(Builder::at(at(7)).not_before_at(at(9))), json!({"iat": 7, "nbf": 9}));
}

/// A duration counts from the claims' own `iat` where they have one.
pub fn durations_count_from_the_claims_own_iat(subject: &Subject) {
    let builder = || Builder::at(at(1_000_000)).expires_in("1h").not_before_in("1m");
    for (claims, expected) in [
        (json!({"iat": 100}), json!({"iat": 100, "nbf": 160, "exp": 3700})),
        (json!({"iat": 0}), json!({"iat": 0, "nbf": 60, "exp": 3600})),
        (json!({"iat": 0.5}), json!({"iat": 0.5, "nbf": 60.5, "exp": 3600.5})),
    ] {
        assert_eq!(built(builder(), &claims, subject), expected);
    }
}

/// Times that options give are whole seconds, rounded down, and may be past.
pub fn times_are_rounded_down_and_may_be_past(subject: &Subject) {
    let builder = Builder::at(moment("1000.999999")).expires_in("1s");
    assert_eq!(built(builder, &json!({}), subject), json!({"iat": 1000, "exp": 1001}));
    let builder =
        Builder::at(at(1000)).expires_at(moment("10.999999")).not_before_at(moment("0.5"));
    assert_eq!(built(builder, &json!({}), subject), json!({"iat": 1000, "nbf": 0, "exp": 10}));
}

/// A token name is drawn only when asked for, and never the same one twice.
pub fn a_token_name_is_drawn_when_asked_for_and_never_twice(subject: &Subject) {
    let mut seen = BTreeSet::new();
    for _ in 0..64 {
        let builder = Builder::at(at(0)).random_jti(subject.backend());
        let claims = built(builder, &json!({"sub": "joe"}), subject);
        let jti = claims["jti"].as_str().unwrap();
        assert_eq!(base64url::decode(jti.as_bytes()).unwrap().len(), 16);
        assert!(seen.insert(jti.to_string()), "{jti} drawn twice");
    }
    let given = built(Builder::at(at(0)).jti("a \"name\"\n"), &json!({}), subject);
    assert_eq!(given, json!({"jti": "a \"name\"\n"}));
}

/// Without entropy there is no token: never one with a name that is not random.
pub fn a_token_name_that_cannot_be_drawn_is_an_error(subject: &Subject) {
    #[derive(Debug)]
    struct Drained;
    impl Backend for Drained {
        fn name(&self) -> &'static str {
            "drained"
        }
        fn digest(&self, _: Hash, _: &[&[u8]], _: &mut [u8]) -> Result<(), CryptoError> {
            Err(CryptoError::default())
        }
        fn random(&self, _: &mut [u8]) -> Result<(), CryptoError> {
            Err(CryptoError::from_source("no entropy"))
        }
    }
    let refused = Builder::at(at(0)).random_jti(&Drained).sign(&json!({}), &key(subject));
    let error = refused.unwrap_err();
    assert_eq!(error.code(), "ERR_CRYPTO_UNAVAILABLE");
    assert!(matches!(error, SignError::Unavailable(_)), "{error:?}");
    assert_eq!(chain(&error).last().unwrap(), "no entropy");
}

/// Claims laid out for a key that is held elsewhere are those signed here, and verify.
pub fn claims_signed_in_two_steps_verify(subject: &Subject) {
    for alg in subject.algorithms() {
        let build = || Builder::at(at(1000)).expires_in("1h").jti("a").typ("at+jwt");
        let claims = json!({"sub": "joe"});
        let jwk = keys::private(alg);
        let unsigned = build().unsigned(&claims, alg, jwk.kid()).unwrap();
        let token = build().sign(&claims, &keys::signer(alg, subject.backend())).unwrap();
        let (input, signature) = token.rsplit_once('.').unwrap();
        assert_eq!(unsigned.signing_input(), input.as_bytes(), "{alg}");
        let signature = base64url::decode(signature.as_bytes()).unwrap();
        let attached = unsigned.attach(&signature).unwrap();
        let trusted = keys::verifier(alg, subject.backend());
        let rules = Validation::new().typ("at+jwt").jti("a");
        let verified = jwt::verify_claims(&attached, &trusted, &rules, at(4599)).unwrap();
        assert_eq!(verified.expires_at(), Some(at(4600)), "{alg}");
    }
}

/// `exp` is the first second in which a token is not accepted (RFC 7519 §4.1.4).
pub fn a_token_is_refused_in_the_second_it_expires(subject: &Subject) {
    let rules = Validation::new();
    for now in [0, 1, 98, 99] {
        assert!(accepted(r#"{"exp":100}"#, &rules, at(now), subject), "{now}");
    }
    for now in [100, 101, 1_000_000, 253_402_300_799] {
        let expected = [expired("100", at(now), 0)];
        assert_eq!(failures(r#"{"exp":100}"#, &rules, at(now), subject), expected);
        assert_eq!(expected[0].code(), "ERR_JWT_EXPIRED");
    }
    assert!(accepted("{}", &rules, UnixTime::MAX, subject), "no `exp` was asked for");
}

/// `nbf` is the first second in which a token is accepted (RFC 7519 §4.1.5).
pub fn a_token_is_accepted_from_the_second_of_its_nbf(subject: &Subject) {
    let rules = Validation::new();
    for now in [100, 101, 253_402_300_799] {
        assert!(accepted(r#"{"nbf":100}"#, &rules, at(now), subject), "{now}");
    }
    for now in [0, 98, 99] {
        let expected = [not_yet("100", at(now), 0)];
        assert_eq!(failures(r#"{"nbf":100}"#, &rules, at(now), subject), expected);
        assert_eq!(expected[0].code(), "ERR_JWT_NBF");
    }
}

/// Leeway moves each boundary by itself and by nothing more.
pub fn leeway_moves_each_boundary_by_exactly_itself(subject: &Subject) {
    for leeway in [0, 1, 600] {
        let rules = Validation::new().leeway(Duration::from_secs(leeway)).unwrap();
        let (exp, nbf) = (r#"{"exp":1000}"#, r#"{"nbf":1000}"#);
        assert!(accepted(exp, &rules, at(999 + leeway), subject), "{leeway}");
        let expected = [expired("1000", at(1000 + leeway), leeway)];
        assert_eq!(failures(exp, &rules, at(1000 + leeway), subject), expected);
        assert!(accepted(nbf, &rules, at(1000 - leeway), subject), "{leeway}");
        let expected = [not_yet("1000", at(999 - leeway), leeway)];
        assert_eq!(failures(nbf, &rules, at(999 - leeway), subject), expected);
    }
}

/// Leeway beyond ten minutes is a policy of accepting expired tokens, and is refused.
pub fn leeway_beyond_ten_minutes_is_refused(_subject: &Subject) {
    for text in ["601", "11m", "1h", "18446744073709551615"] {
        let refused = Validation::new().leeway(text).unwrap_err();
        assert_eq!(refused, DurationError::TooLong { max: 600 }, "{text}");
    }
    let refused = Validation::new().leeway(Duration::from_secs(u64::MAX)).unwrap_err();
    assert_eq!(refused, DurationError::TooLong { max: 600 });
    for text in ["600", "10m", "0"] {
        assert!(Validation::new().leeway(text).is_ok(), "{text}");
    }
}

/// A clock near the beginning of time, or near its end, makes no leeway wrap around.
pub fn leeway_does_not_wrap_at_either_end_of_time(subject: &Subject) {
    let rules = Validation::new().leeway("600").unwrap().refuse_future_iat();
    for now in [0, 1, 599] {
        assert!(accepted(r#"{"exp":0}"#, &rules, at(now), subject), "{now}");
        assert!(accepted(r#"{"nbf":600,"iat":600}"#, &rules, at(now), subject), "{now}");
    }
    assert_eq!(failures(r#"{"exp":0}"#, &rules, at(600), subject), [expired("0", at(600), 600)]);
    assert_eq!(failures(r#"{"nbf":601}"#, &rules, at(0), subject), [not_yet("601", at(0), 600)]);
    let last = r#"{"nbf":253402300799,"iat":253402300799}"#;
    assert!(accepted(last, &rules, at(253_402_300_799), subject));
    assert!(accepted(last, &rules, UnixTime::MAX, subject));
    let aged = rules.max_token_age("18446744073709551615").unwrap();
    assert!(accepted(r#"{"iat":0}"#, &aged, UnixTime::MAX, subject));
}

/// A token is as old as allowed to the second, and too old in the next; no age at all is an age.
pub fn a_token_may_be_as_old_as_allowed_and_no_older(subject: &Subject) {
    for (leeway, age) in [(0, 60), (5, 60), (600, 1), (0, 0), (1, 0)] {
        let rules = Validation::new().leeway(Duration::from_secs(leeway)).unwrap();
        let rules = rules.max_token_age(Duration::from_secs(age)).unwrap();
        let last = 1000 + age + leeway;
        assert!(accepted(r#"{"iat":1000}"#, &rules, at(last), subject), "{age} {leeway}");
        let expected = ClaimFailure::TooOld {
            iat: at(1000),
            max_age: Duration::from_secs(age),
            now: at(last + 1),
            leeway: Duration::from_secs(leeway),
        };
        assert_eq!(expected.code(), "ERR_JWT_EXPIRED");
        assert_eq!(failures(r#"{"iat":1000}"#, &rules, at(last + 1), subject), [expected]);
    }
}

/// An age cannot be told without `iat`, nor of a token from the future.
pub fn an_age_needs_an_iat_that_is_not_in_the_future(subject: &Subject) {
    let rules = Validation::new().max_token_age("1h").unwrap();
    assert_eq!(failures(r#"{"exp":5000}"#, &rules, at(1000), subject), [missing("iat")]);
    assert!(accepted(r#"{"iat":1000}"#, &rules, at(1000), subject));
    let future = |now, leeway| ClaimFailure::IssuedInFuture {
        iat: at(1000),
        now: at(now),
        leeway: Duration::from_secs(leeway),
    };
    assert_eq!(failures(r#"{"iat":1000}"#, &rules, at(999), subject), [future(999, 0)]);
    assert_eq!(future(999, 0).code(), "ERR_JWT_CLAIM_INVALID");
    let lenient = rules.leeway("10").unwrap();
    assert!(accepted(r#"{"iat":1000}"#, &lenient, at(990), subject));
    assert_eq!(failures(r#"{"iat":1000}"#, &lenient, at(989), subject), [future(989, 10)]);
}

/// A future `iat` alone is accepted (RFC 7519 §4.1.6 asks for nothing), unless refused by name.
pub fn a_future_iat_is_accepted_unless_refused(subject: &Subject) {
    assert!(accepted(r#"{"iat":2000}"#, &Validation::new(), at(1000), subject));
    let rules = Validation::new().refuse_future_iat();
    assert!(accepted(r#"{"iat":2000}"#, &rules, at(2000), subject));
    assert!(accepted("{}", &rules, at(2000), subject), "it is not required");
    let expected =
        ClaimFailure::IssuedInFuture { iat: at(2000), now: at(1999), leeway: Duration::ZERO };
    assert_eq!(failures(r#"{"iat":2000}"#, &rules, at(1999), subject), [expected]);
}

/// A fraction of a second counts, in the token and in the clock, and in every spelling.
pub fn fractions_of_a_second_count(subject: &Subject) {
    let rules = Validation::new();
    for exp in ["100.5", "1.005e2", "1005e-1", "0.01005E+4", "100.500000000"] {
        let claims = format!("{{\"exp\":{exp}}}");
        for now in ["100", "100.25"] {
            assert!(accepted(&claims, &rules, moment(now), subject), "{exp} at {now}");
        }
        for now in ["100.5", "101"] {
            let expected = [expired("100.5", moment(now), 0)];
            assert_eq!(failures(&claims, &rules, moment(now), subject), expected);
        }
    }
    let nbf = r#"{"nbf":100.5}"#;
    assert_eq!(failures(nbf, &rules, at(100), subject), [not_yet("100.5", at(100), 0)]);
    for now in ["100.5", "101"] {
        assert!(accepted(nbf, &rules, moment(now), subject), "{now}");
    }
    let aged = Validation::new().max_token_age("10").unwrap();
    assert!(accepted(r#"{"iat":100.5}"#, &aged, moment("110.5"), subject));
    assert!(!accepted(r#"{"iat":100.5}"#, &aged, at(111), subject));
    assert!(!accepted(r#"{"iat":100.5}"#, &aged, at(100), subject), "half a second ahead");
}

/// A time no clock will show is malformed: never saturated to "for ever", never an overflow.
pub fn a_time_beyond_the_year_9999_is_malformed(subject: &Subject) {
    let rules = Validation::new();
    for name in TIMES {
        for huge in [
            "253402300800",
            "9007199254740993",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551615",
            "18446744073709551616",
            "1e12",
            "1e30",
            "1e300",
            "1e308",
            "-1",
            "-0.001",
            "-1e300",
        ] {
            let claims = format!("{{\"{name}\":{huge}}}");
            let expected = [malformed(name, TIME)];
            assert_eq!(failures(&claims, &rules, at(0), subject), expected, "{claims}");
        }
        for infinite in ["1e400", "-1e400", "1e99999999999999999999"] {
            let claims = format!("{{\"{name}\":{infinite}}}");
            assert_eq!(broken_rule(&claims, &rules, subject), Rule::Number, "{claims}");
        }
    }
    let last = r#"{"exp":253402300799,"iat":2.53402300799e11,"nbf":0}"#;
    assert!(accepted(last, &rules, at(253_402_300_798), subject));
}

/// A time of the wrong type is a failure even where nobody asked for that time: never "absent".
pub fn a_time_of_the_wrong_type_is_malformed(subject: &Subject) {
    for name in TIMES {
        for wrong in ["null", r#""""#, "false", "true", r#""123""#, "[]", "[100]", "{}", "-1"] {
            let claims = format!("{{\"{name}\":{wrong}}}");
            let expected = [malformed(name, TIME)];
            for now in [at(0), UnixTime::MAX] {
                assert_eq!(failures(&claims, &Validation::new(), now, subject), expected);
            }
            assert_eq!(expected[0].code(), "ERR_JWT_CLAIM_INVALID");
        }
    }
    let rules = Validation::new().require("exp");
    let expected = [missing("exp"), malformed("exp", TIME)];
    assert_eq!(failures(r#"{"exp":null}"#, &rules, at(0), subject), expected);
}

/// 1970 is a time like any other, and zero is not false.
pub fn zero_is_a_time(subject: &Subject) {
    let rules = Validation::new();
    for zero in ["0", "-0", "0.0", "0e9"] {
        let exp = format!("{{\"exp\":{zero}}}");
        assert_eq!(failures(exp, &rules, at(0), subject), [expired("0", at(0), 0)], "{zero}");
        let others = format!("{{\"nbf\":{zero},\"iat\":{zero}}}");
        assert!(accepted(&others, &rules, at(0), subject), "{zero}");
        let aged = rules.clone().max_token_age("1h").unwrap().require("nbf");
        assert!(accepted(&others, &aged, at(3600), subject), "{zero}");
    }
}

/// A name of the wrong type is a failure: an array is not its elements, and nothing is not a name.
pub fn a_name_of_the_wrong_type_is_malformed(subject: &Subject) {
    let (new, idp) = (Validation::new, "https://idp.example");
    for name in ["iss", "sub", "jti"] {
        for wrong in ["null", "0", "true", "[]", "{}", r#"["https://idp.example"]"#] {
            let claims = format!("{{\"{name}\":{wrong}}}");
            let unasked = failures(&claims, &new(), at(0), subject);
            assert_eq!(unasked, [malformed(name, TEXT)], "{claims}");
            let rules = match name {
                "iss" => new().issuer(idp),
                "sub" => new().subject(idp),
                _ => new().jti(idp),
            };
            let asked = failures(&claims, &rules, at(0), subject);
            assert_eq!(asked.last(), Some(&malformed(name, TEXT)), "{claims}");
            assert_eq!(asked.len() > 1, wrong == "null", "{claims}: {asked:?}");
        }
    }
}

/// RFC 7519 §4.1.3: who is not among the audience refuses, and so does who never said who it is.
pub fn an_audience_has_to_name_us(subject: &Subject) {
    let (none, any) = (Validation::new(), Validation::new().any_audience());
    let api = Validation::new().audience("api");
    let other = |expected: &[&str], actual: &[&str]| {
        let failure = ClaimFailure::Audience { expected: texts(expected), actual: texts(actual) };
        assert_eq!(failure.code(), "ERR_JWT_CLAIM_INVALID");
        vec![failure]
    };
    let verdicts =
        |claims: &str| [&none, &api, &any].map(|rules| failures(claims, rules, at(0), subject));
    assert_eq!(verdicts("{}"), [vec![], vec![missing("aud")], vec![]]);
    for (aud, names) in [
        (r#""api""#, &["api"][..]),
        (r#"["api"]"#, &["api"]),
        (r#"["x","api"]"#, &["x", "api"]),
        (r#"["\u0061pi"]"#, &["api"]),
    ] {
        let expected = [other(&[], names), vec![], vec![]];
        assert_eq!(verdicts(&format!("{{\"aud\":{aud}}}")), expected, "{aud}");
    }
    for (aud, names) in [
        (r#""x""#, &["x"][..]),
        (r#""""#, &[""]),
        (r#""api/""#, &["api/"]),
        (r#""API""#, &["API"]),
        (r#"["ap","i"]"#, &["ap", "i"]),
        ("[]", &[]),
    ] {
        let expected = [other(&[], names), other(&["api"], names), vec![]];
        assert_eq!(verdicts(&format!("{{\"aud\":{aud}}}")), expected, "{aud}");
    }
    let wrong = || malformed("aud", TEXTS);
    for aud in ["5", "true", "{}", r#"["api",5]"#, r#"["api",null]"#, r#"[["api"]]"#] {
        let expected = [vec![wrong()], vec![wrong()], vec![wrong()]];
        assert_eq!(verdicts(&format!("{{\"aud\":{aud}}}")), expected, "{aud}");
    }
    let expected = [vec![wrong()], vec![missing("aud"), wrong()], vec![wrong()]];
    assert_eq!(verdicts(r#"{"aud":null}"#), expected);
    let many: Vec<_> = (0..100).map(|n: u8| n.to_string()).collect();
    let first = other(&["api"], &["0", "1", "2", "3", "4", "5", "6", "7"]);
    assert_eq!(failures(json!({"aud": many}).to_string(), &api, at(0), subject), first);
}

/// An issuer is compared octet by octet: no prefix, no case, no slash more or less.
pub fn an_issuer_is_compared_exactly(subject: &Subject) {
    let rules = Validation::new().issuer("https://idp.example");
    let claims = |iss: &str| json!({"iss": iss}).to_string();
    assert!(accepted(claims("https://idp.example"), &rules, at(0), subject));
    assert!(accepted(r#"{"iss":"https:\/\/idp\u002eexample"}"#, &rules, at(0), subject));
    for other in [
        "",
        "https://idp.exampl",
        "https://idp.example/",
        "https://idp.example.evil",
        "https://idp.example ",
        " https://idp.example",
        "https://IDP.example",
        "HTTPS://idp.example",
        "http://idp.example",
        "https://idp%2Eexample",
        "https://idp.example\0",
        "idp.example",
    ] {
        let expected = texts(&["https://idp.example"]);
        let expected = ClaimFailure::Issuer { expected, actual: other.into() };
        assert_eq!(failures(claims(other), &rules, at(0), subject), [expected], "{other:?}");
    }
    let nobody = Validation::new().issuer("");
    assert!(accepted(claims(""), &nobody, at(0), subject));
    assert_eq!(failures("{}", &nobody, at(0), subject), [missing("iss")]);
    let expected = ClaimFailure::Issuer { expected: texts(&[""]), actual: "x".into() };
    assert_eq!(failures(claims("x"), &nobody, at(0), subject), [expected]);
}

/// Said again, an expectation is one of several.
pub fn one_of_several_expected_values_is_enough(subject: &Subject) {
    let rules = Validation::new().issuer("a").issuer("b").subject("c").subject("d");
    let rules = rules.audience("e").audience("f");
    for (iss, sub, aud) in [("a", "c", "e"), ("b", "d", "f"), ("a", "d", "f")] {
        let claims = json!({"iss": iss, "sub": sub, "aud": aud}).to_string();
        assert!(accepted(&claims, &rules, at(0), subject), "{claims}");
    }
    let claims = json!({"iss": "c", "sub": "a", "aud": ["a", "c"]}).to_string();
    let expected = [
        ClaimFailure::Issuer { expected: texts(&["a", "b"]), actual: "c".into() },
        ClaimFailure::Subject { expected: texts(&["c", "d"]), actual: "a".into() },
        ClaimFailure::Audience { expected: texts(&["e", "f"]), actual: texts(&["a", "c"]) },
    ];
    assert_eq!(failures(claims, &rules, at(0), subject), expected);
}

/// What is asked for must be there, by its own name and not `null`; all that is missing is named.
pub fn what_is_asked_for_must_be_there(subject: &Subject) {
    let rules = Validation::new().issuer("a").subject("a").audience("a").jti("a");
    let rules = rules.max_token_age("1h").unwrap();
    let rules = rules.require("exp").require("toString").require("exp");
    let expected = ["aud", "exp", "iat", "iss", "jti", "sub", "toString"].map(missing);
    assert_eq!(failures("{}", &rules, at(0), subject), expected);
    assert!(expected.iter().all(|failure| failure.code() == "ERR_JWT_CLAIM_MISSING"));
    let own = Validation::new().require("tenant");
    for claims in ["{}", r#"{"tenant":null}"#, r#"{"Tenant":1}"#, r#"{"a":{"tenant":1}}"#] {
        assert_eq!(failures(claims, &own, at(0), subject), [missing("tenant")], "{claims}");
    }
    for there in ["0", "false", r#""""#, "[]", "{}"] {
        assert!(accepted(format!("{{\"tenant\":{there}}}"), &own, at(0), subject), "{there}");
    }
}

/// A token's name is compared where one is expected.
pub fn a_token_name_is_compared_exactly(subject: &Subject) {
    let rules = Validation::new().jti("one");
    assert!(accepted(r#"{"jti":"one"}"#, &rules, at(0), subject));
    for other in ["", "One", "one ", "on", "ones"] {
        let claims = json!({"jti": other}).to_string();
        let expected = ClaimFailure::Jti { expected: "one".into(), actual: other.into() };
        assert_eq!(expected.code(), "ERR_JWT_CLAIM_INVALID");
        assert_eq!(failures(claims, &rules, at(0), subject), [expected]);
    }
}

/// Every rule that is broken is reported, each with what was expected and what was found.
pub fn every_broken_rule_is_reported_with_both_values(subject: &Subject) {
    let called = Arc::new(AtomicUsize::new(0));
    let counter = called.clone();
    let rules = Validation::new().typ("at+jwt").issuer("idp").subject("joe").audience("api");
    let rules = rules.jti("one").require("tenant").refuse_future_iat().leeway("10").unwrap();
    let rules = rules.check("unseen", move |_| counter.fetch_add(1, Ordering::Relaxed) > 99);
    let claims = json!({
        "iss": "x", "sub": "eve", "aud": "shop", "jti": "two", "exp": 100, "nbf": 300, "iat": 250,
    });
    let (now, leeway) = (at(200), Duration::from_secs(10));
    let expected = [
        ClaimFailure::Typ { expected: "at+jwt".into(), actual: None },
        missing("tenant"),
        ClaimFailure::Issuer { expected: texts(&["idp"]), actual: "x".into() },
        ClaimFailure::Subject { expected: texts(&["joe"]), actual: "eve".into() },
        ClaimFailure::Audience { expected: texts(&["api"]), actual: texts(&["shop"]) },
        ClaimFailure::Jti { expected: "one".into(), actual: "two".into() },
        ClaimFailure::NotYetValid { nbf: at(300), now, leeway },
        ClaimFailure::Expired {
            exp: at(100),
            now,
            leeway,
            iat: Some(at(250)),
            jti: Some("two".into()),
        },
        ClaimFailure::IssuedInFuture { iat: at(250), now, leeway },
    ];
    assert_eq!(failures(claims.to_string(), &rules, now, subject), expected);
    assert_eq!(called.load(Ordering::Relaxed), 0);
}

/// An expired token says when it expired, when it was looked at, when it was made and its name.
pub fn an_expired_token_says_when_and_which(subject: &Subject) {
    let claims = r#"{"exp":100.5,"iat":40,"jti":"token 7"}"#;
    let rules = Validation::new().leeway("30").unwrap();
    let expected = ClaimFailure::Expired {
        exp: moment("100.5"),
        now: at(131),
        leeway: Duration::from_secs(30),
        iat: Some(at(40)),
        jti: Some("token 7".into()),
    };
    assert_eq!(expected.to_string(), "expired at 100.5, it is 131, with 30 s of leeway");
    assert_eq!(failures(claims, &rules, at(131), subject), [expected]);
}

/// A condition of the caller's is asked last: never about forged claims, nor about broken ones.
pub fn a_condition_is_asked_last_and_never_of_a_forged_token(subject: &Subject) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    let rules = Validation::new().issuer("idp").check("counted", move |claims| {
        assert_eq!(claims.issuer().as_deref(), Some("idp"));
        counter.fetch_add(1, Ordering::Relaxed);
        true
    });
    let good = r#"{"iss":"idp","exp":100}"#;
    let token = genuine(good, subject);
    let refuse = |token: &str, now| {
        let refused = jwt::verify_claims(token, &trusted(subject), &rules, at(now));
        assert!(refused.is_err(), "{token}");
        assert_eq!(asked.load(Ordering::Relaxed), 0, "{token}");
    };
    refuse(&forged(&token, r#"{"iss":"idp","exp":200}"#), 50);
    refuse(&token[..token.len() - 1], 50);
    refuse(&token, 100);
    for broken in [r#"{"iss":"x"}"#, "{}", r#"{"iss":"idp","nbf":null}"#, r#"["idp"]"#] {
        refuse(&genuine(broken, subject), 50);
    }
    let other = keys::signer(SignatureAlgorithm::HS512, subject.backend());
    refuse(&jws::sign(good.as_bytes(), &other).unwrap(), 50);
    assert!(jwt::verify_claims(&token, &trusted(subject), &rules, at(50)).is_ok());
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

/// The first condition that does not hold is reported by the name the caller gave it; those after
/// it are not asked, or one that remembers would remember a token that is refused.
pub fn a_condition_that_does_not_hold_is_named(subject: &Subject) {
    let rules = Validation::new()
        .check("tenant", |claims| claims.get::<u64>("tenant").is_ok_and(|own| own == Some(7)))
        .check("always", |_| true)
        .check("role", |claims| claims.json_of("role") == Some("\"admin\""));
    assert!(accepted(r#"{"tenant":7,"role":"admin"}"#, &rules, at(0), subject));
    let broken = |name| ClaimFailure::Custom { name };
    assert_eq!(broken("role").code(), "ERR_JWT_CLAIM_INVALID");
    let verdict = |claims| failures(claims, &rules, at(0), subject);
    assert_eq!(verdict(r#"{"tenant":"7","role":"admin"}"#), [broken("tenant")]);
    assert_eq!(verdict(r#"{"tenant":7,"role":"guest"}"#), [broken("role")]);
    assert_eq!(verdict("{}"), [broken("tenant")]);
}

/// Rules are values: using lenient ones leaves strict ones strict, on every thread.
pub fn rules_do_not_change_by_being_used(subject: &Subject) {
    fn shared<T: Send + Sync>(_: &T) {}
    let strict = Validation::new();
    let lenient = strict.clone().any_audience().leeway("10m").unwrap();
    shared(&strict);
    let claims = r#"{"aud":"shop","exp":100}"#;
    for _ in 0..2 {
        assert!(accepted(claims, &lenient, at(100), subject));
        assert_eq!(failures(claims, &strict, at(100), subject).len(), 2);
    }
}

/// A payload that is no JSON object holds no claims, however genuine: none is read by position.
pub fn a_genuine_payload_that_is_no_object_is_refused(subject: &Subject) {
    let rules = Validation::new().require("exp");
    for payload in [
        "[]",
        r#"["https://idp","joe",9999999999]"#,
        r#"[["exp",9999999999]]"#,
        r#""{\"exp\":9999999999}""#,
        "9999999999",
        "true",
        "null",
        " [ ] ",
    ] {
        assert_eq!(broken_rule(payload, &rules, subject), Rule::NotAnObject, "{payload}");
    }
    let rest = "{\"exp\":1}{\"exp\":2}";
    for payload in ["", " ", "{", "{\"exp\":1}x", rest, "{'exp':1}", "{exp:1}", "\u{feff}{}"] {
        assert_eq!(broken_rule(payload, &rules, subject), Rule::Json, "{payload}");
    }
    for octets in [&b"{\"a\":\"\xFF\"}"[..], b"\xFF\xFE{\0}\0", b"{\"a\":\"\xC0\xAF\"}", b"\x80"] {
        assert_eq!(broken_rule(octets, &rules, subject), Rule::Utf8, "{octets:?}");
    }
    for surrogate in [r#"{"a":"\ud800"}"#, r#"{"a":"\udc00\ud800"}"#] {
        assert_eq!(broken_rule(surrogate, &rules, subject), Rule::Json, "{surrogate}");
    }
    assert!(accepted(" \t\r\n{ \"exp\" : 1 } \n", &rules, at(0), subject), "JSON's white space");
}

/// A repeated member is refused at every depth and in every spelling: which one was meant?
pub fn a_repeated_claim_is_refused_at_any_depth(subject: &Subject) {
    for payload in [
        r#"{"exp":1,"exp":9999999999}"#,
        r#"{"exp":9999999999,"\u0065xp":1}"#,
        r#"{"x":1,"y":2,"\u0078":3}"#,
        r#"{"a":{"b":1,"b":2}}"#,
        r#"{"a":[{"b":1,"b":2}]}"#,
        r#"{"a":{"b":{"c":1,"\u0063":1}}}"#,
        r#"{"a":{"b":[{"c":1,"d":2,"c":3}]}}"#,
        r#"{"":1,"":1}"#,
    ] {
        let rule = broken_rule(payload, &Validation::new(), subject);
        assert_eq!(rule, Rule::DuplicateMember, "{payload}");
    }
    assert!(accepted(r#"{"a":{"a":{"a":1}},"A":1}"#, &Validation::new(), at(0), subject));
}

/// Claims nest as deep as the limit; beyond it they are refused, however much beyond.
pub fn claims_nested_beyond_the_limit_are_refused(subject: &Subject) {
    let rules = Validation::new();
    let too_deep = Rule::Depth { limit: 64 };
    assert!(accepted(nested(64), &rules, at(0), subject));
    for depth in [65, 66, 129, 90_000] {
        assert_eq!(broken_rule(nested(depth), &rules, subject), too_deep);
    }
    assert_eq!(broken_rule("[".repeat(90_000), &rules, subject), too_deep);
    assert_eq!(broken_rule("{\"a\":".repeat(30_000), &rules, subject), too_deep);
    let mut limits = Limits::default();
    limits.claims_depth = 2;
    let shallow = Validation::new().with_policy(Policy::new().limits(limits));
    assert!(accepted(nested(2), &shallow, at(0), subject));
    assert_eq!(broken_rule(nested(3), &shallow, subject), Rule::Depth { limit: 2 });
}

/// The strict preset asks for `exp`, the issuer, the audience and `typ` (RFC 8725 §3.8-3.11).
pub fn strict_rules_ask_for_what_the_best_practice_asks_for(subject: &Subject) {
    let rules = Validation::strict("idp", "api");
    let verdict = |builder: Builder, claims: &Value| {
        let token = builder.sign(claims, &key(subject)).unwrap();
        match jwt::verify_claims(&token, &trusted(subject), &rules, at(50)) {
            Ok(_) => Vec::new(),
            Err(jwt::Error::Claims(error)) => error.failures().to_vec(),
            Err(other) => panic!("{other:?}"),
        }
    };
    let start = || Builder::at(at(0));
    let good = json!({"iss": "idp", "aud": ["api"], "exp": 100});
    assert!(verdict(start(), &good).is_empty());
    for name in ["iss", "aud", "exp"] {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().remove(name);
        assert_eq!(verdict(start(), &claims), [missing(name)]);
    }
    let typ = |actual: Option<&str>| ClaimFailure::Typ {
        expected: "JWT".into(),
        actual: actual.map(Into::into),
    };
    assert_eq!(typ(None).code(), "ERR_JWS_INVALID");
    assert_eq!(verdict(start().without_typ(), &good), [typ(None)]);
    assert_eq!(verdict(start().typ("at+jwt"), &good), [typ(Some("at+jwt"))]);
    assert_eq!(verdict(start(), &json!({"iss": "x", "aud": "x", "exp": 50})).len(), 3);
    let access = rules.clone().typ("at+jwt");
    let token = start().typ("at+jwt").sign(&good, &key(subject)).unwrap();
    assert!(jwt::verify_claims(&token, &trusted(subject), &access, at(50)).is_ok());
}

/// `typ` names a media type: in any case, with or without `application/` (RFC 7515 §4.1.9).
pub fn a_typ_is_compared_as_a_media_type(subject: &Subject) {
    let verdict = |typ: &str, expected: &str| {
        let token = Builder::at(at(0)).typ(typ).sign(&json!({}), &key(subject)).unwrap();
        let rules = Validation::new().typ(expected);
        match jwt::verify_claims(&token, &trusted(subject), &rules, at(0)) {
            Ok(_) => None,
            Err(jwt::Error::Claims(error)) => Some(error.failures().to_vec()),
            Err(other) => panic!("{other:?}"),
        }
    };
    for typ in ["JWT", "jwt", "Jwt", "application/jwt", "application/JWT", "APPLICATION/jwT"] {
        for expected in ["JWT", "jwt", "application/JWT", "Application/jwt"] {
            assert_eq!(verdict(typ, expected), None, "{typ} {expected}");
        }
    }
    for (typ, expected) in [
        ("JWT", "at+jwt"),
        ("at+jwt", "JWT"),
        ("text/jwt", "jwt"),
        ("JWT ", "JWT"),
        ("jwt;v=1", "jwt"),
        ("application/application/jwt", "jwt"),
        ("", "JWT"),
        ("JWT", ""),
    ] {
        let failure = ClaimFailure::Typ { expected: expected.into(), actual: Some(typ.into()) };
        assert_eq!(verdict(typ, expected), Some(vec![failure]), "{typ} {expected}");
    }
}

/// Claims are held to the rules whatever `typ` says, or if it says nothing.
pub fn claims_are_checked_whatever_the_typ(subject: &Subject) {
    let claims = json!({"exp": 100});
    let typed = |typ: &str| Builder::at(at(0)).typ(typ);
    for builder in [typed("JOSE"), typed("text/plain"), Builder::at(at(0)).without_typ()] {
        let token = builder.sign(&claims, &key(subject)).unwrap();
        let refused = jwt::verify_claims(&token, &trusted(subject), &Validation::new(), at(100));
        assert_eq!(refused.unwrap_err().code(), "ERR_JWT_EXPIRED");
        assert!(jws::verify(&token, &trusted(subject)).is_ok(), "as octets it is what was signed");
    }
}

/// The caller chooses how a payload is read: no text is looked at for being JSON.
pub fn the_caller_chooses_how_a_payload_is_read(subject: &Subject) {
    let verified =
        |payload: &[u8]| jws::verify(&genuine(payload, subject), &trusted(subject)).unwrap();
    let object = br#"{"a":1}"#;
    assert_eq!(verified(object).content(), object);
    assert_eq!(verified(object).into_text().unwrap().content(), r#"{"a":1}"#);
    let json: Verified<Value> = verified(object).into_json().unwrap();
    assert_eq!(json.content(), &json!({"a": 1}));
    let text: Verified<String> = verified(br#""{\"a\":1}""#).into_json().unwrap();
    assert_eq!(text.content(), r#"{"a":1}"#, "a string stays a string");
    let octets = [0xFF, 0x00, 0xC3, 0x28];
    assert_eq!(verified(&octets).content(), &octets);
    let refused = verified(&octets).into_text().unwrap_err();
    assert_eq!((refused.subject(), refused.rule()), (error::Subject::Payload, Rule::Utf8));
    for (payload, rule) in [
        (&octets[..], Rule::Utf8),
        (br#"{"a":1,"a":2}"#, Rule::DuplicateMember),
        (b"\xEF\xBB\xBF{}", Rule::Json),
        (b"[1e400]", Rule::Number),
        (b"", Rule::Json),
        (nested(65).as_bytes(), Rule::Depth { limit: 64 }),
    ] {
        let refused = verified(payload).into_json::<Value>().unwrap_err();
        assert_eq!((refused.subject(), refused.rule()), (error::Subject::Payload, rule));
        assert_eq!(refused.code(), "ERR_JWS_INVALID");
    }
    let misfit = verified(b"[1,2]").into_json::<String>().unwrap_err();
    assert_eq!(misfit.rule(), Rule::Shape);
}

/// Typed and untyped views are of the same octets: there is nothing to disagree about.
pub fn typed_and_untyped_claims_are_the_same_octets(subject: &Subject) {
    #[derive(Deserialize)]
    struct View {
        exp: UnixTime,
        n: f64,
        name: String,
    }
    let payload = " {\"n\" : 1.50 ,\"exp\":2e9, \"\\u006eame\":\"\\u0061\\/b\",\"list\":[ 1 ]}\n";
    let token = genuine(payload, subject);
    let (trusted, rules) = (trusted(subject), Validation::new());
    let plain = jwt::verify_claims(&token, &trusted, &rules, at(0)).unwrap();
    let typed: Verified<View> = jwt::verify(&token, &trusted, &rules, at(0)).unwrap();
    assert_eq!(plain.json(), payload);
    let names: Vec<_> = plain.members().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(names, ["n", "exp", "name", "list"], "in the order they were given");
    assert_eq!((plain.json_of("n"), plain.json_of("exp")), (Some("1.50"), Some("2e9")));
    assert_eq!(plain.json_of("list"), Some("[ 1 ]"));
    assert_eq!(plain.expires_at(), Some(typed.exp));
    assert_eq!(plain.get::<f64>("n").unwrap(), Some(typed.n));
    assert_eq!(plain.get::<String>("name").unwrap().unwrap(), typed.name);
    assert_eq!(typed.name, "a/b");
}

/// One claim is read by its name, as JSON text or as a type; one that is not there is nothing.
pub fn a_single_claim_is_read_by_its_name(subject: &Subject) {
    let payload = json!({
        "iss": "idp", "sub": "joe", "aud": "api", "exp": 9, "nbf": 2, "iat": 1, "jti": "one",
        "n": [1, 2], "null": null,
    });
    let rules = Validation::new().any_audience();
    let claims = judge(payload.to_string(), &rules, at(5), subject).unwrap();
    assert_eq!(claims.issuer().as_deref(), Some("idp"));
    assert_eq!(claims.subject().as_deref(), Some("joe"));
    assert_eq!(claims.audience().unwrap(), ["api"]);
    assert_eq!(claims.token_id().as_deref(), Some("one"));
    let times = [claims.expires_at(), claims.not_before(), claims.issued_at()];
    assert_eq!(times, [9, 2, 1].map(|secs| Some(at(secs))));
    assert_eq!(claims.get::<Vec<u8>>("n").unwrap(), Some(vec![1, 2]));
    assert_eq!(claims.get::<Option<u8>>("null").unwrap(), Some(None));
    assert_eq!(claims.get::<u8>("N").unwrap(), None);
    assert_eq!((claims.json_of("null"), claims.json_of("toString")), (Some("null"), None));
    let misfit = claims.get::<u8>("sub").unwrap_err();
    assert_eq!((misfit.subject(), misfit.rule()), (error::Subject::Claims, Rule::Shape));
    let empty = judge("{}", &rules, at(5), subject).unwrap();
    assert!(empty.issuer().is_none() && empty.audience().is_none());
    assert_eq!(empty.members().count(), 0);
}

/// Claims that do not fit the caller's type are refused without a word of what they are.
pub fn claims_that_do_not_fit_are_refused_without_being_quoted(subject: &Subject) {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Narrow {
        #[expect(dead_code, reason = "the type is what matters")]
        n: u64,
    }
    let (trusted, rules) = (trusted(subject), Validation::new());
    for claims in [
        json!({"n": MARKER}),
        json!({"n": -1}),
        json!({MARKER: 1, "n": 1}),
        json!({}),
        json!({"n": {MARKER: MARKER.repeat(10_000)}}),
    ] {
        let token = genuine(claims.to_string(), subject);
        let refused = jwt::verify::<Narrow>(&token, &trusted, &rules, at(0)).unwrap_err();
        let jwt::Error::Parse(error) = &refused else { panic!("{refused:?}") };
        assert_eq!((error.subject(), error.rule()), (error::Subject::Claims, Rule::Shape));
        assert_eq!(refused.code(), "ERR_JWT_CLAIM_INVALID");
        assert!(error.source().is_none());
        assert!(!format!("{refused:?} {:?}", chain(&refused)).contains(MARKER));
    }
    let misfit = genuine(r#"{"n":"x","exp":1}"#, subject);
    let refused = jwt::verify::<Narrow>(&misfit, &trusted, &rules, at(1));
    assert_eq!(refused.unwrap_err().code(), "ERR_JWT_EXPIRED", "the rules come first");
}

/// Nothing is said about claims nobody signed: a forged token is forged, and not expired as well.
pub fn a_forged_token_is_never_called_expired(subject: &Subject) {
    for alg in subject.algorithms() {
        let claims = json!({"exp": 1, "iss": "x"});
        let token = jwt::sign(&claims, &keys::signer(alg, subject.backend())).unwrap();
        let trusted = keys::verifier(alg, subject.backend());
        let rules = Validation::strict("idp", "api");
        let repeated = r#"{"a":1,"a":1}"#;
        for payload in [r#"{"exp":2}"#, r#"{"exp":null}"#, "[]", "{", repeated, "", "\0"] {
            let refused = jwt::verify_claims(&forged(&token, payload), &trusted, &rules, at(100));
            let is = matches!(refused, Err(jwt::Error::Verify(VerifyError::InvalidSignature)));
            assert!(is, "{alg}, {payload}: {refused:?}");
        }
        let genuine = jwt::verify_claims(&token, &trusted, &rules, at(100));
        assert!(matches!(genuine, Err(jwt::Error::Claims(_))), "{alg}: {genuine:?}");
    }
}

/// Every failure has the code that callers and logs know it by.
pub fn failures_have_their_codes(subject: &Subject) {
    let rules = Validation::new;
    let code = |claims: &str, rules: Validation| {
        judge(claims, &rules, at(100), subject).unwrap_err().code()
    };
    assert_eq!(code(r#"{"exp":100}"#, rules()), "ERR_JWT_EXPIRED");
    assert_eq!(code(r#"{"iat":1}"#, rules().max_token_age("1").unwrap()), "ERR_JWT_EXPIRED");
    assert_eq!(code(r#"{"nbf":101}"#, rules()), "ERR_JWT_NBF");
    assert_eq!(code("{}", rules().require("sub")), "ERR_JWT_CLAIM_MISSING");
    assert_eq!(code(r#"{"exp":50}"#, rules().require("sub")), "ERR_JWT_CLAIM_MISSING");
    assert_eq!(code("{}", rules().typ("JWT")), "ERR_JWS_INVALID");
    for (claims, rules) in [
        (r#"{"iss":"x"}"#, rules().issuer("y")),
        (r#"{"sub":"x"}"#, rules().subject("y")),
        (r#"{"aud":"x"}"#, rules()),
        (r#"{"jti":"x"}"#, rules().jti("y")),
        (r#"{"iat":101}"#, rules().refuse_future_iat()),
        (r#"{"exp":"x"}"#, rules()),
        ("{}", rules().check("never", |_| false)),
        ("[]", rules()),
    ] {
        assert_eq!(code(claims, rules), "ERR_JWT_CLAIM_INVALID", "{claims}");
    }
    let token = genuine("{}", subject);
    let other = keys::verifier(SignatureAlgorithm::HS384, subject.backend());
    let verify = |token: &str, key| jwt::verify_claims(token, key, &rules(), at(0)).unwrap_err();
    let own = trusted(subject);
    assert_eq!(verify(&forged(&token, "{ }"), &own).code(), "ERR_JWS_SIGNATURE_INVALID");
    assert_eq!(verify(&token, &other).code(), "ERR_JWS_ALG_NOT_ALLOWED");
    assert_eq!(verify("e30.e30", &own).code(), "ERR_JWS_INVALID");
    let renamed = keys::private(ALG).with_kid("another");
    let renamed = VerifyingKey::from_jwk(&renamed, subject.backend()).unwrap();
    assert_eq!(verify(&token, &renamed).code(), "ERR_JWK_KEY_NOT_FOUND");
}

/// Errors say which rule was broken, in a few words, and none of them is the token's.
pub fn errors_quote_nothing_of_the_token(subject: &Subject) {
    let long = MARKER.repeat(100_000 / MARKER.len());
    let rules = Validation::new().issuer("idp").subject("joe").audience("api").jti("one");
    let silent = |refused: jwt::Error| {
        for text in chain(&refused) {
            assert!(text.len() < 256 && !text.contains("xyzzy"), "{text}");
        }
        refused
    };
    for claims in [
        json!({"iss": long, "sub": MARKER, "aud": MARKER, "jti": MARKER}),
        json!({"iss": MARKER, "sub": long, "aud": [MARKER, MARKER], "jti": "one"}),
        json!({"iss": "idp", "sub": "joe", "aud": ["x", long], "jti": MARKER}),
        json!({"iss": "idp", "sub": "joe", "aud": "api", "jti": long}),
        json!({"iss": "idp", "sub": "joe", "aud": "api", "jti": "one", "exp": long}),
        json!({"iss": {MARKER: MARKER}, "sub": [MARKER], "aud": [[MARKER]], "jti": "one"}),
        json!([long]),
        json!(long),
    ] {
        let refused = judge(claims.to_string(), &rules, at(100), subject).unwrap_err();
        let jwt::Error::Claims(error) = silent(refused) else { continue };
        // The excerpts in fields are short, whatever they are cut from.
        assert!(format!("{error:?}").len() < 2048, "{error:?}");
    }
    let jti = json!({"jti": "\u{20AC}".repeat(1000), "exp": 1}).to_string();
    let failures = failures(jti, &Validation::new(), at(1), subject);
    let [ClaimFailure::Expired { jti: Some(jti), .. }] = &failures[..] else { panic!() };
    assert_eq!(jti, &"\u{20AC}".repeat(21), "63 octets: cut between characters");
    let token = genuine(json!({"iss": long}).to_string(), subject);
    let refused =
        |token: &str| jwt::verify_claims(token, &trusted(subject), &rules, at(0)).unwrap_err();
    silent(refused(&forged(&token, MARKER)));
    silent(refused(&token.replace('.', MARKER)));
    let (_, rest) = token.split_once('.').unwrap();
    for header in [
        json!({"alg": MARKER}),
        json!({"alg": "HS256", "kid": MARKER.repeat(100)}),
        json!({"alg": "HS256", "crit": [MARKER]}),
        json!({"alg": "HS256", "crit": [MARKER], MARKER: 1}),
        json!({"alg": [MARKER]}),
        json!({"alg": "HS256", "kid": {MARKER: 1}}),
        json!({"alg": "HS256", "jwk": {"kty": MARKER.repeat(100), "k": 1}, "kid": MARKER}),
    ] {
        let header = base64url::encode(header.to_string().as_bytes());
        silent(refused(&format!("{header}.{rest}")));
    }
}

/// Looking at a token that nobody verified is possible, in a module that says so.
pub fn looking_at_a_token_verifies_nothing(subject: &Subject) {
    let token = forged(&genuine("{}", subject), r#"{"iss":"idp","exp":1}"#);
    assert!(jws::verify(&token, &trusted(subject)).is_err());
    let unverified = Unverified::parse(&token).unwrap();
    assert_eq!(hazmat::peek_unverified_payload(&unverified), br#"{"iss":"idp","exp":1}"#);
    let claims = hazmat::peek_unverified_claims(&unverified).unwrap();
    assert_eq!(claims.issuer().as_deref(), Some("idp"));
    let json: Value = hazmat::peek_unverified_json(&unverified).unwrap();
    assert_eq!(json, json!({"iss": "idp", "exp": 1}));
    for (payload, rule) in [
        ("[]", Rule::NotAnObject),
        (r#"{"a":1,"a":1}"#, Rule::DuplicateMember),
        (r#"{"exp":null}"#, Rule::Type { member: "exp", expected: TIME }),
    ] {
        let token = forged(&token, payload);
        let refused = hazmat::peek_unverified_claims(&Unverified::parse(&token).unwrap());
        assert_eq!(refused.unwrap_err().rule(), rule, "{payload}");
    }
}
