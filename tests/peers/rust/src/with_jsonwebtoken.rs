//! <https://github.com/Keats/jsonwebtoken>

use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode as decode_token,
    encode as encode_token,
};
use serde_json::{Value, from_value, to_vec};

use crate::{Answer, Request, keys, object, octets, payload, string, token, unsupported, version};

pub fn answer(request: Request) -> Answer {
    match string(&request, "op") {
        "version" => version("11.1.0"),
        "sign" => sign(&request),
        "verify" => verify(&request),
        "thumbprint" => {
            let jwk: Jwk = from_value(request["jwk"].clone())?;
            Ok(object([("thumbprint", jwk.thumbprint(ThumbprintHash::SHA256)?.into())]))
        }
        other => Err(unsupported(format_args!("no {other}"))),
    }
}

fn only(request: &Request) -> Result<(Algorithm, &Value), Box<dyn std::error::Error>> {
    match keys(request) {
        [key] if string(request, "serialization") == "compact" => {
            let alg = string(key, "alg");
            let known = alg.parse().map_err(|_| unsupported(format_args!("no {alg}")))?;
            Ok((known, key))
        }
        _ => Err(unsupported("compact tokens alone")),
    }
}

/// It reads no private JWK, so that the key comes as PEM besides.
fn sign(request: &Request) -> Answer {
    let (alg, key) = only(request)?;
    let claims: Value = serde_json::from_slice(&octets(request, "payload")?)?;
    let pem = string(key, "pem").as_bytes();
    let key = match string(&key["jwk"], "kty") {
        "oct" => EncodingKey::from_secret(&octets(&key["jwk"], "k")?),
        "RSA" => EncodingKey::from_rsa_pem(pem)?,
        "EC" => EncodingKey::from_ec_pem(pem)?,
        _ => EncodingKey::from_ed_pem(pem)?,
    };
    token(encode_token(&Header::new(alg), &claims, &key)?)
}

fn verify(request: &Request) -> Answer {
    let (alg, key) = only(request)?;
    let key = DecodingKey::from_jwk(&from_value(key["jwk"].clone())?)?;
    let found = decode_token::<Value>(string(request, "token"), &key, &Validation::new(alg))?;
    payload(&to_vec(&found.claims)?)
}
