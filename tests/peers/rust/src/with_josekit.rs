//! <https://github.com/hidekatsu-izuno/josekit-rs>

use std::error::Error;

use josekit::jwe::{self, JweDecrypter, JweEncrypter, JweHeader, JweHeaderSet};
use josekit::jwk::Jwk;
use josekit::jwk::alg::{ec::EcCurve, ecx::EcxCurve, ed::EdCurve};
use josekit::jws::{self, JwsHeader, JwsHeaderSet, JwsSigner, JwsVerifier};
use serde_json::Value;

use crate::{Answer, Request, keys, object, octets, payload, string, token, unsupported, version};

pub fn answer(request: Request) -> Answer {
    match string(&request, "op") {
        "version" => version("0.10.3"),
        "sign" => sign(&request),
        "verify" => verify(&request),
        "encrypt" => encrypt(&request),
        "decrypt" => decrypt(&request),
        "generate" => generate(&request),
        other => Err(unsupported(format_args!("no {other}"))),
    }
}

/// It takes `alg` of a key for what the header has to say, which `dir` is not.
fn jwk(key: &Value) -> Result<Jwk, Box<dyn Error>> {
    let mut jwk = key["jwk"].as_object().cloned().unwrap_or_default();
    jwk.remove("alg");
    Ok(Jwk::from_map(jwk)?)
}

/// Each algorithm is a constant, of a type that it shares with some others.
macro_rules! select {
    ($name:expr, $method:ident($jwk:expr): $($module:ident::$alg:ident = $text:literal,)+) => {
        match $name {
            $($text => Box::new($module::$alg.$method($jwk)?),)+
            other => return Err(unsupported(format_args!("no {other}"))),
        }
    };
}

macro_rules! signature {
    ($name:expr, $method:ident($jwk:expr)) => {
        select!($name, $method($jwk):
            jws::HS256 = "HS256", jws::HS384 = "HS384", jws::HS512 = "HS512",
            jws::RS256 = "RS256", jws::RS384 = "RS384", jws::RS512 = "RS512",
            jws::PS256 = "PS256", jws::PS384 = "PS384", jws::PS512 = "PS512",
            jws::ES256 = "ES256", jws::ES384 = "ES384", jws::ES512 = "ES512",
            jws::ES256K = "ES256K", jws::EdDSA = "EdDSA",
        )
    };
}

macro_rules! management {
    ($name:expr, $method:ident($jwk:expr)) => {
        select!($name, $method($jwk):
            jwe::Dir = "dir",
            jwe::A128KW = "A128KW", jwe::A192KW = "A192KW", jwe::A256KW = "A256KW",
            jwe::A128GCMKW = "A128GCMKW", jwe::A192GCMKW = "A192GCMKW",
            jwe::A256GCMKW = "A256GCMKW",
            jwe::RSA_OAEP = "RSA-OAEP", jwe::RSA_OAEP_256 = "RSA-OAEP-256",
            jwe::RSA_OAEP_384 = "RSA-OAEP-384", jwe::RSA_OAEP_512 = "RSA-OAEP-512",
            jwe::ECDH_ES = "ECDH-ES", jwe::ECDH_ES_A128KW = "ECDH-ES+A128KW",
            jwe::ECDH_ES_A192KW = "ECDH-ES+A192KW", jwe::ECDH_ES_A256KW = "ECDH-ES+A256KW",
            jwe::PBES2_HS256_A128KW = "PBES2-HS256+A128KW",
            jwe::PBES2_HS384_A192KW = "PBES2-HS384+A192KW",
            jwe::PBES2_HS512_A256KW = "PBES2-HS512+A256KW",
        )
    };
}

fn sign(request: &Request) -> Answer {
    let mut signers: Vec<Box<dyn JwsSigner>> = Vec::new();
    for key in keys(request) {
        signers.push(signature!(string(key, "alg"), signer_from_jwk(&jwk(key)?)));
    }
    let content = octets(request, "payload")?;
    let header = JwsHeaderSet::new();
    token(match (string(request, "serialization"), signers.as_slice()) {
        ("compact", [signer]) => {
            jws::serialize_compact(&content, &JwsHeader::new(), signer.as_ref())?
        }
        ("flattened", [signer]) => {
            jws::serialize_flattened_json(&content, &header, signer.as_ref())?
        }
        _ => {
            let all: Vec<_> = signers.iter().map(|signer| (&header, signer.as_ref())).collect();
            jws::serialize_general_json(&content, &all)?
        }
    })
}

fn verify(request: &Request) -> Answer {
    let text = string(request, "token");
    let mut found = Vec::new();
    // Each key by itself, so that each signature is verified.
    for key in keys(request) {
        let verifier: Box<dyn JwsVerifier> =
            signature!(string(key, "alg"), verifier_from_jwk(&jwk(key)?));
        (found, _) = match string(request, "serialization") {
            "compact" => jws::deserialize_compact(text, verifier.as_ref())?,
            _ => jws::deserialize_json(text, verifier.as_ref())?,
        };
    }
    payload(&found)
}

fn encrypt(request: &Request) -> Answer {
    let mut encrypters: Vec<Box<dyn JweEncrypter>> = Vec::new();
    for key in keys(request) {
        encrypters.push(management!(string(key, "alg"), encrypter_from_jwk(&jwk(key)?)));
    }
    let content = octets(request, "payload")?;
    let enc = string(request, "enc");
    let mut shared = JweHeaderSet::new();
    shared.set_content_encryption(enc, true);
    token(match (string(request, "serialization"), encrypters.as_slice()) {
        ("compact", [encrypter]) => {
            let mut header = JweHeader::new();
            header.set_content_encryption(enc);
            jwe::serialize_compact(&content, &header, encrypter.as_ref())?
        }
        ("flattened", [encrypter]) => {
            let encrypter = encrypter.as_ref();
            shared.set_algorithm(encrypter.algorithm().name(), true);
            jwe::serialize_flattened_json(&content, Some(&shared), None, None, encrypter)?
        }
        _ => {
            let headers: Vec<JweHeader> = encrypters.iter().map(|_| JweHeader::new()).collect();
            let all: Vec<_> = headers
                .iter()
                .zip(&encrypters)
                .map(|(header, encrypter)| (Some(header), encrypter.as_ref()))
                .collect();
            jwe::serialize_general_json(&content, Some(&shared), &all, None)?
        }
    })
}

fn decrypt(request: &Request) -> Answer {
    let text = string(request, "token");
    let mut found = Vec::new();
    for key in keys(request) {
        let decrypter: Box<dyn JweDecrypter> =
            management!(string(key, "alg"), decrypter_from_jwk(&jwk(key)?));
        (found, _) = match string(request, "serialization") {
            "compact" => jwe::deserialize_compact(text, decrypter.as_ref())?,
            _ => jwe::deserialize_json(text, decrypter.as_ref())?,
        };
    }
    payload(&found)
}

fn generate(request: &Request) -> Answer {
    let crv = string(request, "crv");
    let jwk = match (string(request, "kty"), crv) {
        ("oct", _) => Jwk::generate_oct_key(32)?,
        ("RSA", _) => Jwk::generate_rsa_key(2048)?,
        (_, "P-256") => Jwk::generate_ec_key(EcCurve::P256)?,
        (_, "P-384") => Jwk::generate_ec_key(EcCurve::P384)?,
        (_, "P-521") => Jwk::generate_ec_key(EcCurve::P521)?,
        (_, "secp256k1") => Jwk::generate_ec_key(EcCurve::Secp256k1)?,
        (_, "Ed25519") => Jwk::generate_ed_key(EdCurve::Ed25519)?,
        (_, "Ed448") => Jwk::generate_ed_key(EdCurve::Ed448)?,
        (_, "X25519") => Jwk::generate_ecx_key(EcxCurve::X25519)?,
        (_, "X448") => Jwk::generate_ecx_key(EcxCurve::X448)?,
        _ => return Err(unsupported(format_args!("no key on {crv}"))),
    };
    let members = jwk.as_ref().clone();
    Ok(object([("jwk", Value::Object(members))]))
}
