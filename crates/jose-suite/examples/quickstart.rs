//! The main job in one sitting: make keys, sign, verify, encrypt, decrypt, and see forgeries refused.
//!
//! `cargo run --example quickstart` tells it on RustCrypto; with
//! `-p jose-suite --no-default-features --features openssl` the same story is told on OpenSSL.
#![allow(
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "it tells a story, about tokens of its own making"
)]

use core::error::Error;

#[cfg(not(feature = "rustcrypto"))]
use jose::OPENSSL as BACKEND;
#[cfg(feature = "rustcrypto")]
use jose::RUSTCRYPTO as BACKEND;
use jose::jwk::{Generator, OkpCurve};
use jose::jws::{Policy, Required};
use jose::{
    Alg, DecryptionKey, EncryptionKey, Jwe, Jwk, JwkSet, Jws, SigningKey, UnixTime, Validation,
    VerifyingKey, VerifyingKeys, base64url, jwe, jws, jwt,
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
struct Session {
    iss: String,
    aud: String,
    sub: String,
    roles: Vec<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("JOSE on {}\n", BACKEND.name());

    println!("1. Keys, each for one algorithm and named by its thumbprint");
    let algorithms = [Alg::ES256, Alg::RS256, Alg::HS256];
    let mut keys = Vec::new();
    for alg in algorithms {
        let jwk = Jwk::generate(alg, BACKEND)?;
        println!("   {alg:<6} {:<4} kid {}", jwk.kty(), jwk.kid().unwrap_or_default());
        keys.push(jwk);
    }

    println!("\n2. The same claims signed by each, good for 15 minutes");
    let claims = Session {
        iss: "https://idp.example".into(),
        aud: "https://api.example".into(),
        sub: "joe".into(),
        roles: vec!["reader".into()],
    };
    let now = UnixTime::from_secs(1_800_000_000); // UnixTime::now(), anywhere but in a story
    let mut tokens = Vec::new();
    for jwk in &keys {
        let key = SigningKey::from_jwk(jwk, BACKEND)?;
        let token = jwt::Builder::at(now).expires_in("15m").sign(&claims, &key)?;
        println!("   {:<6} {}", key.alg(), shorten(&token));
        tokens.push(token);
    }

    println!("\n3. Verified with what the issuer publishes: public keys only");
    let published: JwkSet = JwkSet::new(keys.clone()).to_public_json().parse()?;
    let trusted = VerifyingKeys::from_jwks(&published, &[Alg::ES256, Alg::RS256], BACKEND);
    let rules = Validation::strict("https://idp.example", "https://api.example");
    for token in &tokens {
        match jwt::verify::<Session>(token, &trusted, &rules, now) {
            Ok(session) => println!("   {:<6} accepted: {}", session.alg(), session.sub),
            Err(error) => println!("   HS256  {}", told(&error)), // nobody publishes a shared key
        }
    }
    println!("   and the HS256 token by whoever shares its key:");
    let shared = VerifyingKey::from_jwk(&keys[2], BACKEND)?;
    let session = jwt::verify::<Session>(&tokens[2], &shared, &rules, now)?;
    println!("   {:<6} accepted: {}", session.alg(), session.sub);

    println!("\n4. A forgery: the payload says admin, the signature is another's");
    let parts: Vec<&str> = tokens[0].split('.').collect();
    let payload = String::from_utf8(base64url::decode(parts[1].as_bytes()).unwrap_or_default())?;
    let payload = base64url::encode(payload.replace("reader", "admin").as_bytes());
    let forged = [parts[0], &payload, parts[2]].join(".");
    report(jwt::verify::<Session>(&forged, &trusted, &rules, now));
    println!("   and one that claims to need no signature:");
    let none = format!("{}.{payload}.", base64url::encode(br#"{"alg":"none"}"#));
    report(jwt::verify::<Session>(&none, &trusted, &rules, now));

    println!("\n5. The first token, 20 minutes later");
    let later = UnixTime::from_secs(now.as_secs() + 1200);
    report(jwt::verify::<Session>(&tokens[0], &trusted, &rules, later));

    println!("\n6. A receipt: three sign one payload, and any two of them are enough");
    let algorithms = [Alg::ES256, Alg::ES384, Alg::Ed25519];
    let mut parties = Vec::new();
    for (alg, name) in algorithms.into_iter().zip(["seller", "buyer", "notary"]) {
        parties.push(Jwk::generate(alg, BACKEND)?.with_kid(name));
    }
    let published = JwkSet::new(parties.clone()).to_public();
    let trusted = VerifyingKeys::from_jwks(&published, &algorithms, BACKEND);
    let two = Policy::new().require(Required::DistinctKeys(2));
    let mut receipt = Jws::new("paid in full");
    for jwk in &parties {
        receipt.sign(&SigningKey::from_jwk(jwk, BACKEND)?)?;
    }
    tell("signed by all", &receipt.to_general()?, &trusted, &two)?;

    let mut receipt = Jws::new("paid in full");
    receipt.sign(&SigningKey::from_jwk(&parties[0], BACKEND)?)?;
    tell("signed by the seller alone", &receipt.to_flattened()?, &trusted, &two)?;

    // Another's key under the notary's name, and then the buyer after all.
    let forger = Jwk::generate(Alg::Ed25519, BACKEND)?.with_kid("notary");
    receipt.sign(&SigningKey::from_jwk(&forger, BACKEND)?)?;
    tell("with a forged signature of the notary", &receipt.to_general()?, &trusted, &two)?;
    receipt.sign(&SigningKey::from_jwk(&parties[1], BACKEND)?)?;
    tell("signed by the buyer besides", &receipt.to_general()?, &trusted, &two)?;

    letters()?;

    println!("\n9. Signed by the issuer, then encrypted to an API: both in one token");
    let api = Generator::new(Alg::ECDH_ES).curve(OkpCurve::X25519).generate(BACKEND)?;
    let to_api = EncryptionKey::from_jwk(&api.to_public()?, BACKEND)?;
    let (api, signer) =
        (DecryptionKey::from_jwk(&api, BACKEND)?, SigningKey::from_jwk(&keys[0], BACKEND)?);
    let issuer = VerifyingKey::from_jwk(&keys[0].to_public()?, BACKEND)?;
    let build = || jwt::Builder::at(now).expires_in("15m");
    let nested = build().sign_then_encrypt(&claims, &signer, &to_api)?;
    report(jwt::decrypt_then_verify(&nested, &api, &issuer, &rules, now));
    println!("   and one that anybody could have encrypted to it:");
    let encrypted = build().encrypt(&claims, &to_api)?;
    report(jwt::decrypt_then_verify(&encrypted, &api, &issuer, &rules, now));

    println!("\n10. Tokens of RFC 7515, with the keys printed there");
    for (section, alg, jwk, token) in [
        ("A.2", Alg::RS256, RFC_7515_A_2_KEY, RFC_7515_A_2_TOKEN),
        ("A.3", Alg::ES256, RFC_7515_A_3_KEY, RFC_7515_A_3_TOKEN),
    ] {
        let jwk = jwk.parse::<Jwk>()?.with_alg(alg)?;
        let verified = jws::verify(token, &VerifyingKey::from_jwk(&jwk, BACKEND)?)?.into_text()?;
        let line: String = verified.split_whitespace().collect();
        println!("   {section} {alg}  {line}");
    }
    Ok(())
}

/// Content for the owners of keys, and for nobody else.
fn letters() -> Result<(), Box<dyn Error>> {
    const LETTER: &str = "at noon, by the river";

    println!("\n7. A letter encrypted to an RSA key, to one on X25519, and to both at once");
    let readers = [
        Jwk::generate(Alg::RSA_OAEP_256, BACKEND)?.with_kid("archive"),
        Generator::new(Alg::ECDH_ES_A256KW)
            .curve(OkpCurve::X25519)
            .kid("anna")
            .generate(BACKEND)?,
    ];
    let (mut to, mut keys, mut tokens) = (Vec::new(), Vec::new(), Vec::new());
    for jwk in &readers {
        let key = EncryptionKey::from_jwk(&jwk.to_public()?, BACKEND)?;
        let token = jwe::encrypt(LETTER.as_bytes(), &key)?;
        println!("   {:<14} {}", key.alg(), shorten(&token));
        to.push(key);
        keys.push(DecryptionKey::from_jwk(jwk, BACKEND)?);
        tokens.push(token);
    }
    let json = jwe::Builder::new().encrypt(LETTER.as_bytes(), &to)?.to_general()?;
    println!("   for both       {} octets of JSON", json.len());
    for key in &keys {
        let letter = Jwe::parse(&json)?.decrypt(key)?.into_text()?;
        println!(
            "      {:<11} read by {}: {}",
            letter.alg(),
            letter.key_id().unwrap_or_default(),
            *letter
        );
    }

    println!("\n8. Changed on its way, and tried with another key of the same name: one refusal");
    let mut parts: Vec<&str> = tokens[0].split('.').collect();
    let mut ciphertext = base64url::decode(parts[3].as_bytes()).unwrap_or_default();
    ciphertext[0] ^= 1;
    let ciphertext = base64url::encode(&ciphertext);
    parts[3] = &ciphertext;
    let stranger = Jwk::generate(Alg::RSA_OAEP_256, BACKEND)?.with_kid("archive");
    let stranger = DecryptionKey::from_jwk(&stranger, BACKEND)?;
    for (token, key) in [(&parts.join("."), &keys[0]), (&tokens[0], &stranger)] {
        match jwe::decrypt(token, key) {
            Ok(_) => println!("   accepted"),
            Err(error) => println!("   {}", told(&error.into())),
        }
    }
    Ok(())
}

fn report(outcome: Result<jose::Verified<Session>, jwt::Error>) {
    match outcome {
        Ok(session) => println!("   accepted: {}", session.sub),
        Err(error) => println!("   {}", told(&error)),
    }
}

/// What becomes of each signature of a receipt, and of the whole.
fn tell(
    story: &str,
    json: &str,
    trusted: &VerifyingKeys,
    policy: &Policy,
) -> Result<(), Box<dyn Error>> {
    println!("   {story} ({} octets)", json.len());
    let outcomes = Jws::parse(json)?.check(trusted, policy)?;
    for outcome in outcomes.iter() {
        match (outcome.alg(), outcome.key_id(), outcome.error()) {
            (Some(alg), Some(name), None) => println!("      {alg:<7} valid: {name}"),
            (_, _, Some(error)) => println!("      not valid ({})", error.code()),
            _ => {}
        }
    }
    match outcomes.into_verified() {
        Ok(receipt) => println!("      accepted: {}", receipt.into_text()?.content()),
        Err(error) => println!("      refused ({})", error.code()),
    }
    Ok(())
}

/// An error with its causes, on one line.
fn told(error: &jwt::Error) -> String {
    let mut line = format!("refused ({}): {error}", error.code());
    let mut source = error.source();
    while let Some(cause) = source {
        line = format!("{line}: {cause}");
        source = cause.source();
    }
    line
}

fn shorten(token: &str) -> String {
    format!("{}…{} ({} octets)", &token[..24], &token[token.len() - 8..], token.len())
}

const RFC_7515_A_2_KEY: &str = r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#;
const RFC_7515_A_2_TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
const RFC_7515_A_3_KEY: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
const RFC_7515_A_3_TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
