//! The program `jose` of latchset, driven by its command line. It is asked what the other peers are,
//! and writes keys and tokens into files: two inputs of it cannot both be its standard input.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::path::PathBuf;
use std::process::Command;

use jose::base64url;
use serde_json::{Value, json};

use super::installed;

#[derive(Debug)]
pub(super) struct Latchset {
    /// A directory of its own: tests run side by side.
    place: PathBuf,
}

impl Latchset {
    pub(super) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{count}", std::process::id());
        let place = installed().join("latchset").join(name);
        std::fs::create_dir_all(&place).unwrap();
        Self { place }
    }

    pub(super) fn ask(&self, request: &Value) -> Result<Value, String> {
        match text(request, "op") {
            "sign" => self.sign(request),
            "verify" => self.verify(request),
            "encrypt" => self.encrypt(request),
            "decrypt" => self.decrypt(request),
            "generate" => Self::generate(request),
            "thumbprint" => {
                let jwk = self.file("key", request["jwk"].to_string().as_bytes());
                let found = Self::run(&["jwk", "thp", "-i", &jwk])?;
                Ok(json!({"thumbprint": String::from_utf8_lossy(&found).trim()}))
            }
            other => Err(format!("unsupported: no {other}")),
        }
    }

    fn sign(&self, request: &Value) -> Result<Value, String> {
        let payload = self.file("payload", &octets(request));
        let mut args = vec!["jws", "sig", "-I", &payload];
        let keys = self.keys(request);
        let headers: Vec<String> = request["keys"].as_array().unwrap().iter().map(header).collect();
        for (key, header) in keys.iter().zip(&headers) {
            args.extend(["-k", key, "-s", header]);
        }
        match text(request, "serialization") {
            "compact" => args.push("-c"),
            // It adds to the signatures that are there.
            "general" => args.extend(["-i", "{\"signatures\":[]}"]),
            _ => {}
        }
        Ok(token(&Self::run(&args)?))
    }

    fn verify(&self, request: &Value) -> Result<Value, String> {
        let token = self.file("token", text(request, "token").as_bytes());
        let mut found = Vec::new();
        // Each key by itself, so that each signature is verified.
        for key in self.keys(request) {
            found = Self::run(&["jws", "ver", "-i", &token, "-k", &key, "-O", "-"])?;
        }
        Ok(json!({"payload": base64url::encode(&found)}))
    }

    fn encrypt(&self, request: &Value) -> Result<Value, String> {
        let plaintext = self.file("payload", &octets(request));
        let all = request["keys"].as_array().unwrap();
        let mut protected = json!({"enc": request["enc"]});
        let mut args = vec!["jwe", "enc", "-I", &plaintext];
        let keys = self.keys(request);
        let recipients: Vec<String> = (0..)
            .zip(all)
            .map(|(index, key)| {
                let header = json!({"header": {"alg": key["alg"]}}).to_string();
                self.file(&format!("recipient-{index}"), header.as_bytes())
            })
            .collect();
        match text(request, "serialization") {
            "general" => {
                for (key, recipient) in keys.iter().zip(&recipients) {
                    args.extend(["-k", key, "-r", recipient]);
                }
            }
            serialization => {
                protected["alg"] = all[0]["alg"].clone();
                args.extend(["-k", &keys[0]]);
                if serialization == "compact" {
                    args.push("-c");
                }
            }
        }
        let mut template = json!({"protected": protected});
        if text(request, "serialization") == "general" {
            template["recipients"] = json!([]);
        }
        let template = template.to_string();
        args.extend(["-i", &template]);
        Ok(token(&Self::run(&args)?))
    }

    fn decrypt(&self, request: &Value) -> Result<Value, String> {
        let token = self.file("token", text(request, "token").as_bytes());
        let mut found = Vec::new();
        // Each key by itself, so that each recipient decrypts.
        for key in self.keys(request) {
            found = Self::run(&["jwe", "dec", "-i", &token, "-k", &key, "-O", "-"])?;
        }
        Ok(json!({"payload": base64url::encode(&found)}))
    }

    fn generate(request: &Value) -> Result<Value, String> {
        let template = match text(request, "kty") {
            "oct" => json!({"kty": "oct", "bytes": 32}),
            "RSA" => json!({"kty": "RSA", "bits": 2048}),
            kty => json!({"kty": kty, "crv": request["crv"]}),
        };
        let jwk = Self::run(&["jwk", "gen", "-i", &template.to_string()])?;
        Ok(json!({"jwk": serde_json::from_slice::<Value>(&jwk).unwrap()}))
    }

    fn keys(&self, request: &Value) -> Vec<String> {
        let keys = request["keys"].as_array().unwrap().iter();
        let write = |(index, key): (usize, &Value)| {
            self.file(&format!("key-{index}"), key["jwk"].to_string().as_bytes())
        };
        keys.enumerate().map(write).collect()
    }

    fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.place.join(name);
        std::fs::write(&path, content).unwrap();
        path.into_os_string().into_string().unwrap()
    }

    fn run(args: &[&str]) -> Result<Vec<u8>, String> {
        let mut command = Command::new(std::env::var_os("JOSE_LATCHSET").unwrap());
        let output = command.args(args).output().unwrap();
        if output.status.success() {
            return Ok(output.stdout);
        }
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        // Of most it says nothing but that it did not do it.
        Err(format!("{}: {said}", output.status))
    }
}

impl Drop for Latchset {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.place);
    }
}

fn header(key: &Value) -> String {
    json!({"protected": {"alg": key["alg"]}}).to_string()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn octets(request: &Value) -> Vec<u8> {
    base64url::decode(text(request, "payload").as_bytes()).unwrap()
}

fn token(octets: &[u8]) -> Value {
    json!({"token": String::from_utf8_lossy(octets).trim()})
}
