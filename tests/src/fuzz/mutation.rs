//! Changing tokens as an attacker would: what is changed is a segment, a header parameter or a member, and
//! the rest still fits.

use fastrand::Rng;
use jose::base64url;
use serde_json::{Map, Value, json};

/// `token` with one to three changes, which ones being decided by `seed`.
#[must_use]
pub fn changed(token: &[u8], seed: u64) -> Vec<u8> {
    let mut rng = Rng::with_seed(seed);
    let mut octets = token.to_vec();
    for _ in 0..rng.usize(1..=3) {
        octets = match str::from_utf8(&octets) {
            Ok(text) if text.trim_start().starts_with('{') => object(text, &mut rng),
            Ok(text) if text.contains('.') => Some(compact(text, &mut rng).into_bytes()),
            _ => None,
        }
        .unwrap_or_else(|| spoiled(octets, &mut rng));
    }
    octets
}

/// A change of a compact token.
fn compact(text: &str, rng: &mut Rng) -> String {
    let mut segments: Vec<String> = text.split('.').map(str::to_owned).collect();
    let (at, other) = (rng.usize(0..segments.len()), rng.usize(0..segments.len()));
    match rng.u8(0..9) {
        0 => segments.swap(at, other),
        1 => drop(segments.remove(at)),
        2 => segments.insert(at, segments.get(other).cloned().unwrap_or_default()),
        3 => {
            if let Some(form) = json_form(&segments) {
                return form;
            }
        }
        4 | 5 => change(&mut segments, at, encoded, rng),
        _ => change(&mut segments, 0, header_text, rng),
    }
    segments.join(".")
}

fn change(
    segments: &mut [String],
    at: usize,
    how: impl Fn(&str, &mut Rng) -> String,
    rng: &mut Rng,
) {
    if let Some(segment) = segments.get_mut(at) {
        *segment = how(segment, rng);
    }
}

/// The same token in the flattened serialization.
fn json_form(segments: &[String]) -> Option<String> {
    let value = match segments {
        [protected, payload, signature] => {
            json!({"protected": protected, "payload": payload, "signature": signature})
        }
        [protected, encrypted_key, iv, ciphertext, tag] => json!({
            "protected": protected, "encrypted_key": encrypted_key, "iv": iv, "ciphertext": ciphertext,
            "tag": tag,
        }),
        _ => return None,
    };
    Some(value.to_string())
}

/// A change of base64url: in what it spells, or in how.
fn encoded(text: &str, rng: &mut Rng) -> String {
    match rng.u8(0..7) {
        0 => format!("{text}="),
        1 => format!("{text} "),
        2 => text.replace(['-', '_'], "+"),
        3 => String::new(),
        4 => {
            // The bits that the last character has and the octets have not.
            let mut text = text.to_owned();
            let last = text.pop();
            text.extend(last.map(|last| if last == 'B' { 'A' } else { 'B' }));
            text
        }
        _ => match base64url::decode(text.as_bytes()) {
            Ok(octets) => base64url::encode(&spoiled(octets, rng)),
            Err(_) => text.to_owned(),
        },
    }
}

/// A change of a header in base64url.
fn header_text(text: &str, rng: &mut Rng) -> String {
    let json = base64url::decode(text.as_bytes()).ok();
    match json.and_then(|json| serde_json::from_slice::<Map<String, Value>>(&json).ok()) {
        Some(header) => base64url::encode(header_of(header, rng).as_bytes()),
        None => encoded(text, rng),
    }
}

/// A header with a parameter more, less, changed, or there twice.
fn header_of(mut header: Map<String, Value>, rng: &mut Rng) -> String {
    let names: Vec<String> = header.keys().cloned().collect();
    let own = rng.choice(&names).cloned().unwrap_or_default();
    match rng.u8(0..5) {
        0 => drop(header.remove(&own)),
        1 => drop(header.insert(own, strange(rng))),
        2 => {
            let twice = format!("{{\"{own}\":{},", strange(rng));
            return Value::from(header).to_string().replacen('{', &twice, 1);
        }
        _ => {
            let (name, value) = parameter(rng);
            header.insert(name.into(), value);
        }
    }
    Value::from(header).to_string()
}

/// A header parameter that means something, somewhere.
fn parameter(rng: &mut Rng) -> (&'static str, Value) {
    const ALGS: [&str; 16] = [
        "none",
        "HS256",
        "HS512",
        "RS256",
        "PS256",
        "ES256",
        "ES256K",
        "EdDSA",
        "Ed25519",
        "dir",
        "A256KW",
        "A128GCMKW",
        "ECDH-ES",
        "ECDH-ES+A256KW",
        "RSA1_5",
        "PBES2-HS256+A128KW",
    ];
    const ENCS: [&str; 4] = ["A128GCM", "A256GCM", "A128CBC-HS256", "A256CBC-HS512"];
    let point = |x: &str| json!({"kty": "EC", "crv": "P-256", "x": x, "y": x});
    match rng.u8(0..16) {
        0..=3 => ("alg", (*rng.choice(&ALGS).unwrap_or(&"none")).into()),
        4 => ("enc", (*rng.choice(&ENCS).unwrap_or(&"A128GCM")).into()),
        5 => ("crit", json!(["b64"])),
        6 => ("crit", json!(["exp", "exp"])),
        7 => ("b64", rng.bool().into()),
        8 => ("zip", "DEF".into()),
        9 => ("kid", "es256-1".into()),
        10 => ("jwk", json!({"kty": "oct", "k": "AAAA"})),
        11 => ("p2c", rng.u64(..).into()),
        12 => ("p2s", base64url::encode(&[1; 8]).into()),
        13 => ("epk", point(&base64url::encode(&[0; 32]))),
        14 => ("apu", "QWxpY2U".into()),
        _ => ("iv", base64url::encode(&[0; 12]).into()),
    }
}

/// A value of a type that nobody expects.
fn strange(rng: &mut Rng) -> Value {
    match rng.u8(0..7) {
        0 => Value::Null,
        1 => json!(0),
        2 => json!(-1.5e300),
        3 => json!([]),
        4 => json!({"a": {"a": [[]]}}),
        5 => json!(""),
        _ => json!("\u{0}\u{202E}é"),
    }
}

/// A change of a JSON serialization.
fn object(text: &str, rng: &mut Rng) -> Option<Vec<u8>> {
    let mut object: Map<String, Value> = serde_json::from_str(text).ok()?;
    let names: Vec<String> = object.keys().cloned().collect();
    let name = rng.choice(&names)?.clone();
    match rng.u8(0..8) {
        0 => drop(object.remove(&name)),
        1 => drop(object.insert(name, strange(rng))),
        2 => {
            let twice = format!("{{\"{name}\":{},", strange(rng));
            return Some(Value::from(object).to_string().replacen('{', &twice, 1).into_bytes());
        }
        3 => {
            const OTHERS: [&str; 8] = [
                "payload",
                "signature",
                "signatures",
                "recipients",
                "ciphertext",
                "aad",
                "header",
                "unprotected",
            ];
            let name = rng.choice(&OTHERS)?;
            object.insert((*name).into(), strange(rng));
        }
        _ => {
            let value = object.get_mut(&name)?;
            member(&name, value, rng);
        }
    }
    Some(Value::from(object).to_string().into_bytes())
}

fn member(name: &str, value: &mut Value, rng: &mut Rng) {
    match value {
        Value::String(text) if name == "protected" => *text = header_text(text, rng),
        Value::String(text) => *text = encoded(text, rng),
        Value::Object(header) => {
            let text = header_of(core::mem::take(header), rng);
            *value = serde_json::from_str(&text).unwrap_or_default();
        }
        Value::Array(entries) if !entries.is_empty() => {
            let at = rng.usize(0..entries.len());
            match rng.u8(0..4) {
                0 => drop(entries.remove(at)),
                1 => entries.insert(at, entries.get(at).cloned().unwrap_or_default()),
                2 => entries.swap(0, at),
                _ => {
                    let Some(Value::Object(entry)) = entries.get_mut(at) else { return };
                    let names: Vec<String> = entry.keys().cloned().collect();
                    let Some(name) = rng.choice(&names) else { return };
                    if let Some(value) = entry.get_mut(name) {
                        member(name, value, rng);
                    }
                }
            }
        }
        other => *other = strange(rng),
    }
}

/// One octet changed, dropped or doubled, or the end cut off.
fn spoiled(mut octets: Vec<u8>, rng: &mut Rng) -> Vec<u8> {
    if octets.is_empty() {
        octets.push(rng.u8(..));
        return octets;
    }
    let at = rng.usize(0..octets.len());
    match rng.u8(0..5) {
        0 => drop(octets.remove(at)),
        1 => octets.insert(at, rng.u8(..)),
        2 => octets.truncate(at),
        _ => {
            if let Some(octet) = octets.get_mut(at) {
                *octet ^= 1 << rng.u8(0..8);
            }
        }
    }
    octets
}
