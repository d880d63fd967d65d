//! What is told of a token is what it says, to the last digit.

use crate::common::{Keys, backends};

const EXACT: &str = r#"{"id":12345678901234567890123,"f":0.10000000000000000001}"#;

fn signed(keys: &Keys, payload: &str) -> (String, String) {
    let key = keys.key("HS256");
    let token = keys.run(&["jws", "sign", "--key", &key], payload).text();
    (key, token)
}

#[test]
fn an_expected_claim_is_compared_to_the_last_digit() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let (key, token) = signed(&keys, EXACT);
        let verify =
            |claim: &str| keys.run(&["jwt", "verify", "--key", &key, "--claim", claim], &token);
        verify("id=12345678901234567890123").ok();
        verify("id=12345678901234567890999").fails(3);
        verify("f=0.10000000000000000001").ok();
        verify("f=0.1").fails(3);
    }
}

#[test]
fn a_report_keeps_every_digit() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let (key, token) = signed(&keys, EXACT);
        let told = keys.run(&["jwt", "verify", "--json", "--key", &key], &token).text();
        assert!(told.contains("12345678901234567890123"), "{told}");
        assert!(told.contains("0.10000000000000000001"), "{told}");
    }
}

#[test]
fn a_claim_of_an_option_is_signed_to_the_last_digit() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let key = keys.key("HS256");
        let sign = ["jwt", "sign", "--key", &key, "--claim", "id=12345678901234567890999"];
        let token = keys.run(&sign, "").text();
        let claims = keys.run(&["jwt", "decode"], token).text();
        assert!(claims.contains("\"id\":12345678901234567890999"), "{claims}");
    }
}

#[test]
fn a_payload_with_two_meanings_is_reported_in_octets() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let payload = r#"{"admin":false,"admin":true}"#;
        let (key, token) = signed(&keys, payload);
        let told = keys.run(&["jws", "verify", "--json", "--key", &key], &token).json();
        assert!(told.get("claims").is_none() && told.get("payload").is_some(), "{told}");
        let key = keys.key("A256KW");
        let token = keys.run(&["jwe", "encrypt", "--key", &key], payload).text();
        let told = keys.run(&["jwe", "decrypt", "--json", "--key", &key], &token).json();
        assert!(told.get("claims").is_none() && told.get("payload").is_some(), "{told}");
    }
}

#[test]
fn an_inspection_tells_what_is_malformed_in_one_signature() {
    let keys = Keys::new(backends().next().unwrap());
    let entries = ["eyJhbGciOjF9", "eyJhbGciOiJIUzI1NiJ9"]
        .map(|protected| format!(r#"{{"protected":"{protected}","signature":"AAAA"}}"#));
    let token = format!(r#"{{"payload":"dGV4dA","signatures":[{}]}}"#, entries.join(","));
    let told = keys.run(&["jws", "inspect", "--json"], token).json();
    assert!(told["signatures"][0]["error"]["code"].is_string(), "{told}");
    assert!(told["signatures"][1].get("error").is_none(), "{told}");
}

#[test]
fn claims_that_have_expired_already_are_warned_of() {
    let keys = Keys::new(backends().next().unwrap());
    let key = keys.key("HS256");
    let sign = |exp| keys.run(&["jwt", "sign", "--quiet", "--key", &key, "--exp", exp], "").stderr;
    assert!(sign("3600").contains("1970-01-01T01:00:00Z"));
    assert_eq!(sign("+3600"), "");
}
