//! The requests of Xano's examples, and their answers.

use jose::{UnixTime, base64url};
use serde_json::{Value, json};

use crate::process::{Answer, Data};

fn now() -> u64 {
    UnixTime::now().as_secs()
}

/// The names of the members as they were sent, which a `Value` does not tell.
fn order(json: &str, names: &[&str]) {
    let places: Vec<_> = names.iter().map(|name| json.find(&format!("\"{name}\":"))).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{json}");
}

fn part(token: &str, index: usize) -> String {
    let part = token.split('.').nth(index).unwrap();
    String::from_utf8(base64url::decode(part.as_bytes()).unwrap()).unwrap()
}

/// `iat`, which is now, with the `nbf` and `exp` that belong to it.
fn times(claims: &Value, ttl: u64) {
    let iat = claims["iat"].as_u64().unwrap();
    assert!((now() - 30..=now()).contains(&iat));
    assert_eq!((&claims["nbf"], &claims["exp"]), (&json!(iat), &json!(iat + ttl)));
}

fn members(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable(); // whatever else is built decides whether a `Value` keeps its order
    names
}

fn done(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.head.to_ascii_lowercase().contains("cache-control: no-store"));
    answer.json()
}

#[test]
fn jws_encode_answers_as_in_the_example_and_jws_decode_takes_it() {
    let data = Data::new();
    let service = data.start();
    for (target, ttl) in [
        ("/jws-encode?user_id=123", 3600),
        ("/jws-encode?user_id=123&ttl=3600", 3600),
        ("/jws-encode?user_id=123&ttl=60", 60),
    ] {
        let answer = service.get(target);
        let json = done(&answer);
        order(&answer.body, &["token", "key", "kty", "k", "expires_in"]);
        assert_eq!(members(&json), ["expires_in", "key", "token"]);
        assert_eq!(members(&json["key"]), ["k", "kty"]);
        assert_eq!((&json["key"]["kty"], &json["expires_in"]), (&json!("oct"), &json!(ttl)));
        assert_eq!(json["key"]["k"].as_str().unwrap().len(), 86, "512 bits");
        let token = json["token"].as_str().unwrap();
        assert!(token.starts_with("eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoiMTIz"), "{token}");
        let payload = part(token, 1);
        assert!(payload.starts_with(r#"{"user_id":"123","iat":"#), "{payload}");
        order(&payload, &["user_id", "iat", "nbf", "exp"]);
        times(&serde_json::from_str(&payload).unwrap(), ttl);

        let body = json!({ "token": token, "key": json["key"] }).to_string();
        let decoded = service.post("/jws-decode", &body);
        done(&decoded);
        assert_eq!(decoded.body, format!(r#"{{"valid":true,"payload":{payload}}}"#));
        // With one character changed it is nobody's.
        let body = body.replace("eyJhbGciOiJIUzI1NiJ9.ey", "eyJhbGciOiJIUzI1NiJ9.eX");
        assert_eq!(
            service.post("/jws-decode", &body).refused(),
            (401, "ERR_JWS_SIGNATURE_INVALID".into())
        );
    }
}

#[test]
fn create_session_answers_as_in_the_example_with_its_subject_as_text() {
    let data = Data::new();
    let service = data.start();
    for session_id in 1..=3 {
        let answer = service.post("/create-session", r#"{"user_id":42,"role":"admin"}"#);
        let json = done(&answer);
        order(&answer.body, &["token", "session_id"]);
        assert_eq!(members(&json), ["session_id", "token"]);
        assert_eq!(json["session_id"], session_id);
        let token = json["token"].as_str().unwrap();
        assert_eq!(part(token, 0), r#"{"alg":"HS256"}"#);
        let claims = part(token, 1);
        let expected = r#"{"sub":"42","role":"admin","iss":"my-app","aud":"my-api","iat":"#;
        assert!(claims.starts_with(expected), "{claims}");
        times(&serde_json::from_str(&claims).unwrap(), 86_400);
    }
    assert_eq!(data.rows(), [3, 3, 0]);
    assert_eq!(data.orphans(), 0);
}

#[test]
fn jwe_encode_answers_as_in_the_example_and_jwe_decode_takes_it() {
    let data = Data::new();
    let service = data.start();
    let answer = service.get("/jwe-encode?secret_data=my-sensitive-data");
    let json = done(&answer);
    order(&answer.body, &["token", "key", "kty", "k", "expires_in"]);
    assert_eq!(json["key"]["k"].as_str().unwrap().len(), 43, "256 bits, where the example has 512");
    assert_eq!(json["expires_in"], 3600);
    let token = json["token"].as_str().unwrap();
    assert!(token.starts_with("eyJhbGciOiJBMjU2S1ciLCJlbmMiOiJBMjU2R0NN"), "{token}");

    let body = json!({ "token": token, "key": json["key"] }).to_string();
    let decoded = service.post("/jwe-decode", &body);
    let json = done(&decoded);
    assert!(
        decoded
            .body
            .starts_with(r#"{"decrypted":true,"payload":{"data":"my-sensitive-data","iat":"#),
        "{decoded:?}"
    );
    order(&decoded.body, &["data", "iat", "nbf", "exp"]);
    times(&json["payload"], 3600);
    assert_eq!(data.rows(), [0, 0, 0]);
}

#[test]
fn encrypt_user_data_answers_as_in_the_example_and_keeps_token_and_key_apart() {
    let data = Data::new();
    let service = data.start();
    let body = r#"{"user_id":7,"ssn":"078-05-1120","credit_card":"4111111111111111"}"#;
    let answer = service.post("/encrypt-user-data", body);
    done(&answer);
    assert_eq!(answer.body, r#"{"stored":true,"record_id":1}"#);
    assert_eq!(data.show(7).as_deref(), Some(body));

    let row = |query: &str| -> (String, String) {
        data.database().query_row(query, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
    };
    let (key_id, token) = row("SELECT key_id, encrypted_token FROM encrypted_data");
    assert_eq!(key_id, "user_7");
    assert_eq!(part(&token, 0), r#"{"alg":"A256KW","enc":"A256GCM"}"#);
    let (key_id, sealed) = row("SELECT key_id, encryption_key FROM key_vault");
    assert_eq!(key_id, "user_7");
    assert!(part(&sealed, 0).starts_with(r#"{"alg":"A256GCMKW","#));

    // Of several, the last one counts, and none is lost.
    let newer = body.replace("1120", "1121");
    assert_eq!(service.post("/encrypt-user-data", &newer).json()["record_id"], 2);
    assert_eq!(data.show(7).as_deref(), Some(newer.as_str()));
    assert_eq!(data.rows(), [2, 0, 2]);
}

#[test]
fn the_page_shows_a_token_and_the_description_is_whole() {
    let data = Data::new();
    let service = data.start();
    let page = service.get("/");
    assert_eq!(page.status, 200);
    for shown in [
        "{&quot;alg&quot;:&quot;HS256&quot;}",
        "&quot;user_id&quot;:&quot;123&quot;",
        "eyJhbGciOiJIUzI1NiJ9",
    ] {
        assert!(page.body.contains(shown), "{shown}");
    }

    assert!(page.body.contains("href=\"/page.css\""));
    let style = service.get("/page.css");
    assert!(style.status == 200 && style.head.contains("content-type: text/css"), "{style:?}");

    let document = service.get("/openapi.json").json();
    assert_eq!(document["openapi"], "3.1.0");
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in ["get", "post", "put", "delete"] {
            let method_upper = method.to_uppercase();
            let answer =
                crate::process::request(&service.address, &method_upper, path, &[], b"").unwrap();
            let told = item.get(method).is_some();
            assert_eq!(answer.status == 405, !told, "{method} {path}: {answer:?}");
            assert_ne!(answer.status, 404, "{path}");
        }
    }
    references(&document, &document);
}

/// Every `$ref` leads to something.
fn references(part: &Value, document: &Value) {
    match part {
        Value::Array(parts) => parts.iter().for_each(|part| references(part, document)),
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                assert!(
                    document.pointer(reference.trim_start_matches('#')).is_some(),
                    "{reference}"
                );
            }
            members.values().for_each(|part| references(part, document));
        }
        _ => {}
    }
}
