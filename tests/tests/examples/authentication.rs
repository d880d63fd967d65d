//! `examples/authentication.rs`: from a login to a role.

use std::process::{Command, Stdio};

use jose::RUSTCRYPTO as BACKEND;
use jose::{Alg, Header, Jwk, SigningKey, UnixTime, jws, jwt};
use serde_json::{Value, json};

use crate::program::{Answer, Client, Program};

const PATH: &str = env!("CARGO_BIN_EXE_authentication");

fn key() -> Jwk {
    Jwk::generate(Alg::HS256, BACKEND).unwrap().with_kid("authentication-1")
}

fn start(key: &Jwk) -> Program {
    let json = key.expose_secret_json();
    let json = str::from_utf8(json.expose_secret()).unwrap();
    Program::start_as(command().env("AUTHENTICATION_KEY", json))
}

fn command() -> Command {
    let mut command = Command::new(PATH);
    command.arg("127.0.0.1:0").env_remove("AUTHENTICATION_KEY");
    command
}

fn login(client: &mut Client, user: &str, password: &str) -> Answer {
    let body = json!({"user": user, "password": password}).to_string();
    client.send("POST", "/login", &[("Content-Type", "application/json")], &body)
}

fn get(client: &mut Client, path: &str, token: &str) -> Answer {
    client.send("GET", path, &[("Authorization", &format!("Bearer {token}"))], "")
}

#[test]
fn a_login_gives_a_token_that_says_who_it_is_and_what_they_may() {
    let key = key();
    let program = start(&key);
    let mut client = program.client();
    for (user, password, roles, admin) in [
        ("joe", "battery staple", json!(["reader"]), 403),
        ("ann", "correct horse", json!(["admin", "reader"]), 200),
    ] {
        let answer = login(&mut client, user, password);
        assert_eq!((answer.status, answer.field("cache-control")), (200, Some("no-store")));
        let token = answer.body;
        let me = get(&mut client, "/me", &token);
        assert_eq!((me.status, me.json()), (200, json!({"sub": user, "roles": roles})));
        assert_eq!(get(&mut client, "/admin", &token).status, admin);

        let verifying = jose::VerifyingKey::from_jwk(&key, BACKEND).unwrap();
        let verified = jws::verify(&token, &verifying).unwrap();
        let header = verified.protected();
        assert_eq!((header.typ(), header.kid()), (Some("access+jwt"), Some("authentication-1")));
        let claims: Value = serde_json::from_slice(verified.content()).unwrap();
        let lasts = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
        assert_eq!(lasts, 15 * 60);
        assert_eq!(claims["iss"], "https://auth.example");
        assert_eq!(claims["aud"], "https://api.example");
    }
}

#[test]
fn whoever_is_nobody_is_told_nothing() {
    let program = start(&key());
    let mut client = program.client();
    for (user, password) in [("ann", "battery staple"), ("eve", "correct horse"), ("ann", "")] {
        let answer = login(&mut client, user, password);
        assert_eq!((answer.status, answer.body.as_str()), (401, ""));
    }
    for path in ["/me", "/admin"] {
        let answer = client.get(path);
        assert_eq!(answer.status, 401);
        assert_eq!(answer.field("www-authenticate"), Some("Bearer realm=\"api\""));
    }
}

#[test]
fn tokens_that_are_not_of_this_service_for_this_service_are_refused() {
    let key = key();
    let program = start(&key);
    let mut client = program.client();
    let now = UnixTime::now();
    let signing = SigningKey::from_jwk(&key, BACKEND).unwrap();
    let good = || json!({"iss": "https://auth.example", "aud": "https://api.example", "sub": "eve", "roles": ["admin"]});
    let builder = |typ: &str, at| jwt::Builder::at(at).typ(typ).expires_in("1h");
    let sign = |claims: &Value| builder("access+jwt", now).sign(claims, &signing).unwrap();
    // What is refused below is not refused for what they have in common.
    let token = sign(&good());
    assert_eq!(get(&mut client, "/admin", &token).status, 200);

    let mut refused = Vec::new();
    for (claim, value) in [
        ("iss", json!("https://other.example")),
        ("aud", json!("https://other.example")),
        ("roles", json!(["god"])),
    ] {
        let mut claims = good();
        claims[claim] = value;
        refused.push((claim, sign(&claims)));
    }
    for claim in ["iss", "aud", "sub", "roles"] {
        let mut claims = good();
        claims.as_object_mut().unwrap().remove(claim);
        refused.push((claim, sign(&claims)));
    }
    refused.push(("typ", builder("JWT", now).sign(&good(), &signing).unwrap()));
    let then = UnixTime::from_secs(now.as_secs() - 16 * 60);
    refused.push(("age", builder("access+jwt", then).sign(&good(), &signing).unwrap()));
    let other = SigningKey::from_jwk(&self::key(), BACKEND).unwrap();
    refused.push(("key", builder("access+jwt", now).sign(&good(), &other).unwrap()));
    let renamed = SigningKey::from_jwk(&key.with_kid("authentication-2"), BACKEND).unwrap();
    refused.push(("kid", builder("access+jwt", now).sign(&good(), &renamed).unwrap()));
    let header = jose::base64url::encode(br#"{"alg":"none","typ":"access+jwt"}"#);
    let payload = token.split('.').nth(1).unwrap();
    refused.push(("none", format!("{header}.{payload}.")));
    let plain = Header::new().with_typ("access+jwt").with_kid("authentication-1");
    // Nobody here signs a number as `sub`, but somebody may.
    let payload = good().to_string().replace("\"eve\"", "7");
    refused.push(("sub", jws::sign_with_header(&plain, payload.as_bytes(), &signing).unwrap()));
    refused.push(("claims", jws::sign_with_header(&plain, b"{}", &signing).unwrap()));
    for (what, token) in refused {
        for path in ["/me", "/admin"] {
            let answer = get(&mut client, path, &token);
            assert_eq!((answer.status, answer.body.as_str()), (401, ""), "{what}");
            let challenge = answer.field("www-authenticate").unwrap();
            assert_eq!(challenge, "Bearer realm=\"api\", error=\"invalid_token\"", "{what}");
        }
    }
}

#[test]
fn tokens_outlive_the_process_by_the_key_that_it_told() {
    let first = Program::start_as(command().stderr(Stdio::piped()));
    let token = login(&mut first.client(), "ann", "correct horse").body;
    let told = first.end();
    let json = told.trim().strip_prefix("AUTHENTICATION_KEY='").unwrap();
    let json = json.strip_suffix('\'').unwrap();

    let again = Program::start_as(command().env("AUTHENTICATION_KEY", json));
    assert_eq!(get(&mut again.client(), "/me", &token).status, 200);
    let other = Program::start_as(command().stderr(Stdio::null()));
    assert_eq!(get(&mut other.client(), "/me", &token).status, 401);
}

#[test]
fn a_key_that_is_for_something_else_is_not_taken() {
    let unnamed = Jwk::generate(Alg::HS256, BACKEND).unwrap();
    let longer = Jwk::generate(Alg::HS512, BACKEND).unwrap().with_kid("authentication-1");
    let keys = [unnamed, longer]
        .map(|key| String::from_utf8(key.expose_secret_json().expose_secret().to_vec()).unwrap());
    for key in keys.iter().map(String::as_str).chain(["", "{}", "secret"]) {
        let output = command().env("AUTHENTICATION_KEY", key).output().unwrap();
        assert!(!output.status.success() && output.stdout.is_empty(), "{key}");
    }
}
