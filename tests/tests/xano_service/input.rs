//! Input that is not what an endpoint takes: a clear refusal, and nothing changed.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use jose::{Jwk, base64url};

use crate::process::{Data, answer, head, post, request};

const RECORD: &str = r#"{"user_id":7,"ssn":"078-05-1120","credit_card":"4111111111111111"}"#;

#[test]
fn bad_input_of_each_kind_is_refused_and_changes_nothing() {
    let data = Data::new();
    let service = data.start();
    service.post("/encrypt-user-data", RECORD);
    service.post("/create-session", r#"{"user_id":42,"role":"admin"}"#);
    let (rows, shown) = (data.rows(), data.show(7));

    let long = "x".repeat(257);
    for target in [
        "/jws-encode",
        "/jws-encode?user_id=",
        "/jws-encode?user_id=1&user_id=2",
        "/jws-encode?user_id=1&ttl=",
        "/jws-encode?user_id=1&ttl=0",
        "/jws-encode?user_id=1&ttl=-1",
        "/jws-encode?user_id=1&ttl=1.5",
        "/jws-encode?user_id=1&ttl=31536001",
        "/jws-encode?user_id=1&ttl=99999999999999999999",
        "/jws-encode?user_id=1&tll=60",
        "/jws-encode?user_id=%00",
        "/jws-encode?user_id=%FF",
        "/jws-encode?user_id=%C0%AF",
        "/jws-encode?user_id=1&%FF=1",
        &format!("/jws-encode?user_id={long}"),
        "/jwe-encode",
        "/jwe-encode?secret_data=",
        "/jwe-encode?secret_data=x&ttl=x",
    ] {
        assert_eq!(service.get(target).refused(), (400, "ERR_INPUT".into()), "{target}");
    }
    for (target, bodies) in [
        (
            "/create-session",
            &[
                "",
                "{",
                "null",
                "[]",
                r#"[42,"admin"]"#,
                "{}",
                r#"{"user_id":42}"#,
                r#"{"user_id":"42","role":"admin"}"#,
                r#"{"user_id":4.5,"role":"admin"}"#,
                r#"{"user_id":0,"role":"admin"}"#,
                r#"{"user_id":-1,"role":"admin"}"#,
                r#"{"user_id":9007199254740992,"role":"admin"}"#,
                r#"{"user_id":42,"role":""}"#,
                r#"{"user_id":42,"role":null}"#,
                r#"{"user_id":42,"role":"a\nb"}"#,
                r#"{"user_id":42,"role":"admin","ttl":1}"#,
                r#"{"user_id":42,"user_id":43,"role":"admin"}"#,
                r#"{"user_id":42,"role":"admin"} {}"#,
            ][..],
        ),
        (
            "/encrypt-user-data",
            &[
                r#"{"user_id":7,"ssn":"078-05-1120"}"#,
                r#"{"user_id":7,"ssn":"078051120","credit_card":"4111111111111111"}"#,
                r#"{"user_id":7,"ssn":"078-05-112x","credit_card":"4111111111111111"}"#,
                r#"{"user_id":7,"ssn":"078-05-1120","credit_card":"4111 1111 1111 1111"}"#,
                r#"{"user_id":7,"ssn":"078-05-1120","credit_card":"41111111111"}"#,
                r#"{"user_id":7,"ssn":78051120,"credit_card":4111111111111111}"#,
            ],
        ),
        ("/jws-decode", &[r#"{"token":"a.b.c"}"#, r#"{"token":"","key":{}}"#, r#"{"key":{}}"#]),
        (
            "/jwe-decode",
            &[
                r#"{"token":1,"key":{}}"#,
                r#"{"token":"a b","key":{}}"#,
                &format!(r#"{{"token":"{}","key":{{}}}}"#, "a".repeat(16_385)),
                "\u{1}",
            ],
        ),
    ] {
        for body in bodies {
            let answer = service.post(target, body);
            assert_eq!(answer.refused(), (400, "ERR_INPUT".into()), "{target} {body}");
            // What was sent may be secret.
            assert!(!answer.body.contains("078") && !answer.body.contains("4111"), "{answer:?}");
        }
    }
    for (body, member) in [
        (r#"{"user_id":42}"#, "missing field `role`"),
        (r#"{"role":"","role":""}"#, "duplicate field `role`"),
    ] {
        let answer = service.post("/create-session", body);
        assert!(answer.body.contains(member), "{answer:?}");
    }
    assert_eq!((data.rows(), data.show(7)), (rows, shown));
    let whole = service.post("/create-session", r#"{"user_id":42.0,"role":"admin"}"#);
    assert_eq!(whole.status, 200, "an integer is one in either spelling");
}

#[test]
fn what_is_asked_for_in_another_way_is_refused() {
    let data = Data::new();
    let service = data.start();
    let address = &service.address;
    let ask = |method: &str, target: &str, fields: &[&str], body: &str| {
        request(address, method, target, fields, body.as_bytes()).unwrap().refused()
    };
    assert_eq!(ask("GET", "/nowhere", &[], ""), (404, "ERR_NOT_FOUND".into()));
    assert_eq!(ask("GET", "/encrypt-user-data", &[], ""), (405, "ERR_METHOD".into()));
    assert_eq!(ask("POST", "/jws-encode", &[], ""), (405, "ERR_METHOD".into()));
    for fields in [
        &[][..],
        &["content-type: text/plain"],
        &["content-type: application/x-www-form-urlencoded"],
    ] {
        let refused = ask("POST", "/encrypt-user-data", fields, RECORD);
        assert_eq!(refused, (415, "ERR_MEDIA_TYPE".into()));
    }
    let json = ["Content-Type: Application/JSON; charset=utf-8"];
    let queried = ask("POST", "/encrypt-user-data?user_id=7", &json, RECORD);
    assert_eq!(queried, (400, "ERR_INPUT".into()));
    let latin = [RECORD.as_bytes(), b"\xFF"].concat();
    let latin = request(address, "POST", "/encrypt-user-data", &json, &latin).unwrap();
    assert_eq!(latin.refused(), (400, "ERR_INPUT".into()));

    let long = format!(r#"{{"user_id":7,"ssn":"{}"}}"#, "0".repeat(70_000));
    assert_eq!(ask("POST", "/encrypt-user-data", &json, &long), (413, "ERR_TOO_LARGE".into()));
    assert_eq!(data.rows(), [0, 0, 0]);
    assert_eq!(ask("GET", "/nowhere", &[], "").0, 404, "it still answers");
}

#[test]
fn tokens_and_keys_that_do_not_hold_are_told_apart() {
    let data = Data::new();
    let service = data.start();
    let jwe = service.get("/jwe-encode?secret_data=x").json();
    let jws = service.get("/jws-encode?user_id=1").json();
    let other = service.get("/jws-encode?user_id=1").json();
    let decode = |target: &str, token: &str, key: &str| {
        post(&service.address, target, &format!(r#"{{"token":"{token}","key":{key}}}"#))
            .unwrap()
            .refused()
    };
    let (signed, encrypted) = (jws["token"].as_str().unwrap(), jwe["token"].as_str().unwrap());
    let refused = decode("/jws-decode", signed, &other["key"].to_string());
    assert_eq!(refused, (401, "ERR_JWS_SIGNATURE_INVALID".into()));
    assert_eq!(decode("/jws-decode", "a.b", &jws["key"].to_string()).0, 401);
    assert_eq!(decode("/jws-decode", encrypted, &jws["key"].to_string()).0, 401);
    assert_eq!(decode("/jwe-decode", signed, &jwe["key"].to_string()).0, 401);

    // The statement is wrong, whatever the token is.
    assert_eq!(
        decode("/jwe-decode", encrypted, &jws["key"].to_string()),
        (422, "ERR_XANO_KEY_SIZE".into())
    );
    assert_eq!(decode("/jws-decode", signed, r#""secret""#), (422, "ERR_XANO_TEXT_KEY".into()));
    for key in ["{}", "null", "7", r#"{"kty":"oct"}"#] {
        assert_eq!(decode("/jws-decode", signed, key).0, 422, "{key}");
    }

    // Expired, beyond the minute that is forgiven.
    let key: Jwk = jws["key"].to_string().parse().unwrap();
    let key = key.with_alg(jose::Alg::HS256).unwrap();
    let key = jose::SigningKey::from_jwk(&key, jose::RUSTCRYPTO).unwrap();
    let expired = jose::jws::sign(br#"{"user_id":"1","exp":1768111613}"#, &key).unwrap();
    let refused = decode("/jws-decode", &expired, &jws["key"].to_string());
    assert_eq!(refused, (401, "ERR_JWT_EXPIRED".into()));
    // A session as Xano made it, with a number for its subject, can still be read.
    let session = jose::jws::sign(br#"{"sub":42,"role":"admin"}"#, &key).unwrap();
    let body = format!(r#"{{"token":"{session}","key":{}}}"#, jws["key"]);
    let read = service.post("/jws-decode", &body);
    assert_eq!(read.body, r#"{"valid":true,"payload":{"sub":42,"role":"admin"}}"#);
    // A key in base64, as the other format is.
    let text = serde_json::to_string(&jws["key"]).unwrap();
    let base64: String = base64url::encode(text.as_bytes()).replace('-', "+").replace('_', "/");
    let padding = "=".repeat((4 - base64.len() % 4) % 4);
    let body = format!(r#"{{"token":"{session}","key":"{base64}{padding}"}}"#);
    assert_eq!(service.post("/jws-decode", &body).status, 200);
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for() {
    let data = Data::new();
    let service = data.start();
    let mut stream = TcpStream::connect(&service.address).unwrap();
    let json = ["content-type: application/json"];
    let head = head(&service.address, "POST", "/encrypt-user-data", &json, RECORD.len());
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&RECORD.as_bytes()[..20]).unwrap();
    assert_eq!(answer(stream).unwrap().refused(), (408, "ERR_TIMEOUT".into()));
    assert_eq!(data.rows(), [0, 0, 0]);
}

#[test]
fn when_all_places_are_taken_one_is_refused_in_time() {
    let data = Data::new();
    let service = data.start();
    let json = ["content-type: application/json"];
    let head = head(&service.address, "POST", "/encrypt-user-data", &json, RECORD.len());
    let slow: Vec<TcpStream> = (0..64)
        .map(|_| {
            let mut stream = TcpStream::connect(&service.address).unwrap();
            stream.write_all(head.as_bytes()).unwrap();
            stream
        })
        .collect();
    // Those have their places when the page, which needs none, has been answered for a while.
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(service.get("/").status, 200);
    assert_eq!(service.get("/jws-encode?user_id=1").refused(), (503, "ERR_BUSY".into()));
    drop(slow);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(service.get("/jws-encode?user_id=1").status, 200);
}

#[test]
fn who_does_not_say_what_is_wanted_keeps_nobody_out() {
    let data = Data::new();
    let service = data.start();
    let half = |_| {
        let mut stream = TcpStream::connect(&service.address).unwrap();
        stream.write_all(b"GET /openapi.json HTTP/1.1\r\nhost: ").unwrap();
        stream
    };
    let silent: Vec<TcpStream> = (0..300).map(half).collect();
    let mut first = &silent[0];
    // Less than what hyper waits for by itself.
    first.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
    assert!(first.read(&mut [0; 1]).is_ok(), "a head that does not come is waited for");
    assert_eq!(service.get("/openapi.json").status, 200);
    drop(silent);
    // Nor who asks for more than it reads.
    let deaf = |_| {
        let mut stream = TcpStream::connect(&service.address).unwrap();
        let ask = format!("GET /openapi.json HTTP/1.1\r\nhost: {}\r\n\r\n", service.address);
        stream.set_nonblocking(true).unwrap();
        let _full = stream.write_all(ask.repeat(1200).as_bytes());
        stream
    };
    let deaf: Vec<TcpStream> = (0..300).map(deaf).collect();
    assert_eq!(service.get("/openapi.json").status, 200);
    drop(deaf);
}

#[test]
fn a_page_that_leads_its_own_name_here_is_refused() {
    let data = Data::new();
    let service = data.start();
    let port = service.address.rsplit(':').next().unwrap();
    let ask = |host: &str| {
        let body = RECORD.len();
        let mut stream = TcpStream::connect(&service.address).unwrap();
        let json = ["content-type: application/json"];
        let head = head(host, "POST", "/encrypt-user-data", &json, body);
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(RECORD.as_bytes()).unwrap();
        answer(stream).unwrap()
    };
    for host in ["evil.example", "127.0.0.1", "evil.example:80", "127.0.0.1:1", ""] {
        assert_eq!(ask(host).refused(), (421, "ERR_HOST".into()), "{host}");
    }
    assert_eq!(data.rows(), [0, 0, 0]);
    assert_eq!(ask(&format!("LocalHost:{port}")).status, 200);
}
