//! The description of the service, in version 3.1 of `OpenAPI`.

use serde_json::{Value, json};

use crate::input::{MAX_TOKEN, MAX_TTL, MAX_USER_ID};

pub(crate) fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Tokens as in Xano's examples",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Where it differs from the examples: `create-session` writes `sub` as text (RFC 7519 §4.1.2), \
                and keys for A256KW have 256 bits (RFC 7518 §4.4). `jws-encode` and `jwe-encode` answer with the key \
                beside the token, as the examples do; a service of your own should not."
        },
        "paths": {
            "/jws-encode": { "get": encoder("signToken", "A token that is signed with a new key", "user_id", 256) },
            "/jwe-encode": {
                "get": encoder("encryptToken", "A token that is encrypted under a new key", "secret_data", 4096)
            },
            "/create-session": { "post": writer(
                "createSession",
                "A token for a day; its key goes into the vault",
                &json!({ "user_id": user_id(), "role": text(64) }),
                &json!({ "token": { "type": "string" }, "session_id": { "type": "integer", "minimum": 1 } }),
            ) },
            "/encrypt-user-data": { "post": writer(
                "encryptUserData",
                "Keeps data encrypted; its key goes into the vault",
                &json!({
                    "user_id": user_id(),
                    "ssn": { "type": "string", "pattern": "^[0-9]{3}-[0-9]{2}-[0-9]{4}$" },
                    "credit_card": { "type": "string", "pattern": "^[0-9]{12,19}$" }
                }),
                &json!({ "stored": { "const": true }, "record_id": { "type": "integer", "minimum": 1 } }),
            ) },
            "/jws-decode": { "post": decoder("verifyToken", "What a signed token says", "valid") },
            "/jwe-decode": { "post": decoder("decryptToken", "What an encrypted token says", "decrypted") }
        },
        "components": {
            "schemas": {
                "Refusal": object(&json!({ "code": { "type": "string" }, "message": { "type": "string" } })),
                "Key": {
                    "description": "A shared key as a JWK",
                    "type": "object",
                    "properties": { "kty": { "const": "oct" }, "k": { "type": "string", "pattern": "^[A-Za-z0-9_-]+$" } },
                    "required": ["kty", "k"]
                }
            },
            "responses": { "Refusal": {
                "description": "It was not carried out, and nothing was changed",
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Refusal" } } }
            } }
        }
    })
}

fn encoder(id: &str, summary: &str, parameter: &str, max: usize) -> Value {
    let encoded = object(&json!({
        "token": { "type": "string" },
        "key": { "$ref": "#/components/schemas/Key" },
        "expires_in": { "type": "integer" }
    }));
    json!({
        "operationId": id,
        "summary": summary,
        "parameters": [
            { "name": parameter, "in": "query", "required": true, "schema": text(max) },
            {
                "name": "ttl", "in": "query",
                "schema": { "type": "integer", "minimum": 1, "maximum": MAX_TTL, "default": 3600 }
            }
        ],
        "responses": responses(&encoded, &["400", "421", "503"])
    })
}

fn writer(id: &str, summary: &str, input: &Value, output: &Value) -> Value {
    json!({
        "operationId": id,
        "summary": summary,
        "requestBody": request(input),
        "responses": responses(&object(output), &["400", "408", "413", "415", "421", "503"])
    })
}

fn decoder(id: &str, summary: &str, verdict: &str) -> Value {
    let input = json!({
        "token": { "type": "string", "maxLength": MAX_TOKEN, "pattern": "^[A-Za-z0-9._-]+$" },
        "key": { "$ref": "#/components/schemas/Key" }
    });
    let output = object(&json!({ verdict: { "const": true }, "payload": {} }));
    json!({
        "operationId": id,
        "summary": summary,
        "requestBody": request(&input),
        "responses": responses(&output, &["400", "401", "408", "413", "415", "421", "422", "503"])
    })
}

fn request(properties: &Value) -> Value {
    json!({
        "required": true,
        "content": { "application/json": { "schema": object(properties) } }
    })
}

fn responses(output: &Value, refusals: &[&str]) -> Value {
    let mut responses = json!({
        "200": { "description": "Done", "content": { "application/json": { "schema": output } } }
    });
    if let Some(map) = responses.as_object_mut() {
        for status in refusals {
            map.insert((*status).into(), json!({ "$ref": "#/components/responses/Refusal" }));
        }
    }
    responses
}

/// An object of these and no other members, all of them required.
fn object(properties: &Value) -> Value {
    let names: Vec<_> = properties.as_object().into_iter().flat_map(|map| map.keys()).collect();
    json!({ "type": "object", "properties": properties, "required": names, "additionalProperties": false })
}

fn text(max: usize) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": max, "pattern": "^[^\\u0000-\\u001F\\u007F-\\u009F]+$" })
}

fn user_id() -> Value {
    json!({ "type": "integer", "minimum": 1, "maximum": MAX_USER_ID })
}
