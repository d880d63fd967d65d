//! A receipt that three parties sign, each with an algorithm of its own, and a list of who signed what; told step by step.
//! Nothing in it depends on the time or on chance but keys and signatures, which are not shown.
//!
//! `cargo run --example receipts`
#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a program that tells what happens"
)]

use std::error::Error;
use std::time::Duration;

use jose::RUSTCRYPTO as BACKEND;
use jose::jws::{Policy, Required};
use jose::{Alg, Jwk, JwkSet, Jws, SigningKey, UnixTime, VerifyingKeys, base64url};
use serde_json::Value;

const USER: &str = "user-7";
const SERVICE: &str = "service";
const NOTARY: &str = "notary";
const PAID: &str = r#"{"receipt":"R-1","amount":"12.50","currency":"EUR","from":"user-7"}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let user = Jwk::generate(Alg::ES256, BACKEND)?.with_kid(USER);
    let service = Jwk::generate(Alg::Ed25519, BACKEND)?.with_kid(SERVICE);
    let notary = Jwk::generate(Alg::RS256, BACKEND)?.with_kid(NOTARY);
    let [by_user, by_service, by_notary] = [&user, &service, &notary].map(signing);
    let (by_user, by_service, by_notary) = (by_user?, by_service?, by_notary?);

    // What everybody has: the public halves, and which algorithms they are for.
    let published = JwkSet::new([user, service, notary]).to_public_json();
    let algorithms = [Alg::ES256, Alg::Ed25519, Alg::RS256];
    let keys = VerifyingKeys::from_jwks(&published.parse::<JwkSet>()?, &algorithms, BACKEND);
    let mut office = Office { keys, now: UnixTime::from_secs(1_800_000_000), log: Vec::new() };

    let receipt = Jws::new(PAID).sign(&by_user)?.to_general()?;
    office.check("the user signs", &receipt)?;

    // Each adds a signature to what it got, after it has seen that it signs what the others did.
    let receipt = office.countersign(&receipt, &by_service)?;
    office.check("the service adds its own", &receipt)?;
    office.now = office.now.saturating_add(Duration::from_secs(24 * 3600));
    let receipt = office.countersign(&receipt, &by_notary)?;
    office.check("a day later the notary does", &receipt)?;

    println!("\nWhat others make of it:\n");
    office.check("somebody takes two signatures out", &without(&receipt, &[0, 2])?)?;
    office.check("somebody changes the amount", &changed(&receipt)?)?;
    office.check("the user signs three times", &three_times(&by_user)?)?;
    let stranger = Jwk::generate(Alg::RS256, BACKEND)?.with_kid(NOTARY);
    let two = without(&receipt, &[2])?;
    let forged = office.countersign(&two, &signing(&stranger)?)?;
    office.check("a stranger signs as the notary", &forged)?;
    let stranger = Jwk::generate(Alg::ES256, BACKEND)?.with_kid("stranger");
    let beside = office.countersign(&receipt, &signing(&stranger)?)?;
    office.check("a stranger signs under a name of their own", &beside)?;

    println!("\nWhat the office has on record:\n");
    for entry in &office.log {
        println!("{}  {}", entry.at.as_secs(), entry.told());
    }
    office.audit()
}

fn signing(jwk: &Jwk) -> Result<SigningKey, jose::error::KeyError> {
    SigningKey::from_jwk(jwk, BACKEND)
}

/// Who checks receipts, and keeps a record.
struct Office {
    keys: VerifyingKeys,
    now: UnixTime,
    log: Vec<Entry>,
}

/// What was checked, with the receipt itself, so that nobody has to believe the rest.
struct Entry {
    at: UnixTime,
    receipt: String,
    /// The keys that signed, by our names for them: what a header says is the sender's word.
    signers: Vec<String>,
    /// The payload, where two of the three signed it. What nobody vouches for is not recorded as if it were so.
    accepted: Option<String>,
}

impl Entry {
    fn told(&self) -> String {
        let signers =
            if self.signers.is_empty() { "nobody".into() } else { self.signers.join(", ") };
        match &self.accepted {
            Some(payload) => format!("accepted, signed by {signers}: {payload}"),
            None => format!("refused, signed by {signers}"),
        }
    }
}

/// The rule of this office.
fn two_of_three() -> Policy {
    Policy::new().require(Required::DistinctKeys(2))
}

impl Office {
    /// Tells what became of each signature, and what four policies make of them; and records it.
    fn check(&mut self, what: &str, receipt: &str) -> Result<(), Box<dyn Error>> {
        println!("{what}:");
        let jws = Jws::parse(receipt)?;
        for outcome in jws.check(&self.keys, &Policy::new())?.iter() {
            let named = outcome.kid().unwrap_or("nobody");
            match (outcome.key_id(), outcome.alg(), outcome.error()) {
                (Some(key), Some(alg), _) => println!("  {named}: valid, by {key}'s {alg}"),
                (.., Some(error)) => println!("  {named}: {}", error.code()),
                _ => println!("  {named}: valid, by a key without a name"),
            }
        }
        let policies = [
            ("all that are there", Required::All),
            ("the user and the service", Required::kids([USER, SERVICE])),
            ("two of the three keys", Required::DistinctKeys(2)),
            ("any", Required::Any),
        ];
        for (name, required) in policies {
            let verdict = jws.verify_with(&self.keys, &Policy::new().require(required));
            let verdict = verdict.map_or_else(|error| error.code(), |_| "yes");
            println!("    {name}: {verdict}");
        }
        let entry = self.entry(receipt)?;
        self.log.push(entry);
        self.now = self.now.saturating_add(Duration::from_secs(60));
        Ok(())
    }

    fn entry(&self, receipt: &str) -> Result<Entry, Box<dyn Error>> {
        let outcomes = Jws::parse(receipt)?.check(&self.keys, &two_of_three())?;
        let signers = outcomes.iter().filter_map(|outcome| outcome.key_id().map(Into::into));
        let signers = signers.collect();
        let verified = outcomes.into_verified().ok().map(jose::jws::Verified::into_text);
        let accepted = verified.transpose()?.map(jose::jws::Verified::into_content);
        Ok(Entry { at: self.now, receipt: receipt.into(), signers, accepted })
    }

    /// Another signature beside those that are there. What is signed is the payload, so it is verified first: by whom it has
    /// to be is for whoever signs to say.
    fn countersign(&self, receipt: &str, key: &SigningKey) -> Result<String, Box<dyn Error>> {
        let mut jws = Jws::parse(receipt)?;
        jws.verify_with(&self.keys, &Policy::new().require(Required::kids([USER])))?;
        Ok(jws.sign(key)?.to_general()?)
    }

    /// Years later somebody else has the record and the keys, and finds the same.
    fn audit(mut self) -> Result<(), Box<dyn Error>> {
        let same = |office: &Self, entry: &Entry| -> Result<bool, Box<dyn Error>> {
            let again = office.entry(&entry.receipt)?;
            Ok(again.signers == entry.signers && again.accepted == entry.accepted)
        };
        let mut found = 0;
        for entry in &self.log {
            found += usize::from(same(&self, entry)?);
        }
        println!("\n{found} of {} entries are found as they were written", self.log.len());

        if let Some(entry) = self.log.get_mut(2) {
            entry.accepted = entry.accepted.take().map(|payload| payload.replace("12.50", "92.50"));
        }
        for (index, entry) in self.log.iter().enumerate() {
            if !same(&self, entry)? {
                println!("entry {index} was changed in the record: {}", entry.told());
            }
        }
        Ok(())
    }
}

/// A receipt without the signatures at these places.
fn without(receipt: &str, places: &[usize]) -> Result<String, serde_json::Error> {
    let mut json: Value = serde_json::from_str(receipt)?;
    if let Some(signatures) = json.get_mut("signatures").and_then(Value::as_array_mut) {
        let mut place = 0..;
        signatures.retain(|_| place.next().is_some_and(|place| !places.contains(&place)));
    }
    Ok(json.to_string())
}

/// A receipt of another amount, under the same signatures.
fn changed(receipt: &str) -> Result<String, Box<dyn Error>> {
    let mut json: Value = serde_json::from_str(receipt)?;
    let payload = json.get("payload").and_then(Value::as_str).unwrap_or_default();
    let payload = String::from_utf8(base64url::decode(payload.as_bytes())?)?;
    let payload = base64url::encode(payload.replace("12.50", "92.50").as_bytes());
    if let Some(place) = json.get_mut("payload") {
        *place = payload.into();
    }
    Ok(json.to_string())
}

/// Three valid signatures by one key.
fn three_times(by_user: &SigningKey) -> Result<String, Box<dyn Error>> {
    let mut receipt = Jws::new(PAID);
    for _ in 0..3 {
        receipt.sign(by_user)?;
    }
    Ok(receipt.to_general()?)
}
