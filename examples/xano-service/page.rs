//! The page that shows a token taken apart, and what to try on the command line.

use std::net::SocketAddr;

use jose::RUSTCRYPTO as BACKEND;
use jose::{UnixTime, base64url};
use jose_xano::{CreateSecretKey, Format, JwsEncode, Object, create_secret_key, jws_encode};
use serde_json::json;

use crate::answers::Refusal;

/// How it looks.
pub(crate) const STYLE: &str = include_str!("page.css");

/// The page, with a token that was made for it and a key that nobody has any more.
pub(crate) fn example() -> Result<String, Refusal> {
    let key = create_secret_key(&CreateSecretKey::new(512, Format::Object), BACKEND)?;
    let claims = Object::new(&json!({ "user_id": "123" }))?;
    let statement = JwsEncode::new(key.into_key()).claims(claims).ttl(3600);
    let token = jws_encode(&statement, UnixTime::now(), BACKEND)?;
    let mut parts = token.split('.');
    let mut next = || parts.next().unwrap_or_default();
    let (header, payload, signature) = (next(), next(), next());
    let shown = |part: &str| {
        let octets = base64url::decode(part.as_bytes()).unwrap_or_default();
        escaped(&String::from_utf8_lossy(&octets))
    };
    Ok(include_str!("page.html")
        .replace("{header}", &escaped(header))
        .replace("{payload}", &escaped(payload))
        .replace("{signature}", &escaped(signature))
        .replace("{header-text}", &shown(header))
        .replace("{payload-text}", &shown(payload)))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// What to try.
pub(crate) fn curl_lines(address: &SocketAddr) -> String {
    let post = |path: &str, body: &str| {
        format!("curl -s http://{address}{path} -H 'content-type: application/json' -d '{body}'\n")
    };
    [
        format!("curl -s 'http://{address}/jws-encode?user_id=123&ttl=3600'\n"),
        post("/create-session", r#"{"user_id":42,"role":"admin"}"#),
        format!("curl -s 'http://{address}/jwe-encode?secret_data=my-sensitive-data'\n"),
        post(
            "/encrypt-user-data",
            r#"{"user_id":42,"ssn":"078-05-1120","credit_card":"4111111111111111"}"#,
        ),
        format!("curl -s 'http://{address}/jws-encode?user_id=123' | curl -s http://{address}/jws-decode \\\n"),
        "  -H 'content-type: application/json' -d \"$(sed 's/,\"expires_in\":[0-9]*//')\"\n".into(),
        format!("curl -s 'http://{address}/jwe-encode?secret_data=x' | curl -s http://{address}/jwe-decode \\\n"),
        "  -H 'content-type: application/json' -d \"$(sed 's/,\"expires_in\":[0-9]*//')\"\n".into(),
        format!("curl -s http://{address}/openapi.json\n"),
        format!("and http://{address}/ in a browser\n"),
    ]
    .concat()
}
