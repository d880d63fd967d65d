//! What must not compile: the mistakes that types rule out.
//!
//! Each stands beside a twin that differs in the mistake alone and compiles, so that none passes
//! for being broken in some other way.

/// Nobody but a verifier makes a `Verified`.
///
/// ```compile_fail,E0451
/// let forged = jose::Verified { content: "claims" };
/// ```
///
/// ```
/// fn real<T>(verified: jose::Verified<T>) -> T {
///     verified.into_content()
/// }
/// ```
#[expect(dead_code, reason = "read by rustdoc")]
struct VerifiedCannotBeBuilt;

/// No text becomes a `Verified`.
///
/// ```compile_fail,E0277
/// let forged: jose::Verified<String> = serde_json::from_str("\"claims\"").unwrap();
/// ```
///
/// ```
/// let text: String = serde_json::from_str("\"claims\"").unwrap();
/// ```
#[expect(dead_code, reason = "read by rustdoc")]
struct VerifiedCannotBeDeserialized;

/// There is no `Verified` out of nothing.
///
/// ```compile_fail,E0599
/// let forged = jose::Verified::<String>::default();
/// ```
///
/// ```
/// let keys = jose::VerifyingKeys::default();
/// ```
#[expect(dead_code, reason = "read by rustdoc")]
struct VerifiedHasNoDefault;

/// Nobody but core's rules makes a `Bound`.
///
/// ```compile_fail,E0451
/// use jose::jwa::{Bound, SignatureAlgorithm};
///
/// fn bind(params: &jose::jwk::Params) -> Bound<'_, SignatureAlgorithm> {
///     Bound { alg: SignatureAlgorithm::HS256, params }
/// }
/// ```
///
/// ```
/// use jose::jwa::{Bound, SignatureAlgorithm};
///
/// fn look(bound: Bound<'_, SignatureAlgorithm>) -> &jose::jwk::Params {
///     bound.params()
/// }
/// ```
#[expect(dead_code, reason = "read by rustdoc")]
struct BoundCannotBeBuilt;

/// A token that was read is not one that was verified.
///
/// ```compile_fail,E0308
/// fn accept(_: jose::Verified<Vec<u8>>) {}
///
/// fn handle(token: jose::jws::Unverified<'_>) {
///     accept(token);
/// }
/// ```
///
/// ```
/// fn accept(_: jose::Verified<Vec<u8>>) {}
///
/// fn handle(token: jose::jws::Unverified<'_>, keys: &jose::VerifyingKeys) {
///     accept(token.verify(keys).unwrap());
/// }
/// ```
#[expect(dead_code, reason = "read by rustdoc")]
struct UnverifiedIsNotVerified;

/// A JWS that was read is not one that was verified, and shows no payload.
///
/// ```compile_fail,E0308
/// fn accept(_: jose::Verified<Vec<u8>>) {}
///
/// fn handle(jws: jose::Jws) {
///     accept(jws);
/// }
/// ```
///
/// ```compile_fail,E0599
/// fn handle(jws: &jose::Jws) -> &[u8] {
///     jws.content()
/// }
/// ```
///
/// ```
/// fn accept(_: jose::Verified<Vec<u8>>) {}
///
/// fn handle(jws: jose::Jws, keys: &jose::VerifyingKeys) {
///     accept(jws.verify(keys).unwrap());
/// }
/// ```
#[expect(dead_code, reason = "read by rustdoc")]
struct JwsIsNotVerified;

/// The content comes out of `Outcomes` by `into_verified` alone.
///
/// ```compile_fail,E0616
/// fn payload(outcomes: jose::jws::Outcomes) -> Vec<u8> {
///     outcomes.content
/// }
/// ```
///
/// ```compile_fail,E0599
/// fn payload(outcomes: jose::jws::Outcomes) -> Vec<u8> {
///     outcomes.into_content()
/// }
/// ```
///
/// ```
/// fn payload(outcomes: jose::jws::Outcomes) -> Vec<u8> {
///     outcomes.into_verified().unwrap().into_content()
/// }
/// ```
#[expect(dead_code, reason = "read by rustdoc")]
struct OutcomesKeepTheirContent;

/// A stream gives nothing before `finish`, and takes nothing after it.
///
/// ```compile_fail,E0599
/// fn end(stream: jose::jws::VerifyingStream<'_>) {
///     stream.into_verified().unwrap();
/// }
/// ```
///
/// ```compile_fail,E0382
/// fn end(mut stream: jose::jws::VerifyingStream<'_>) {
///     stream.finish().into_verified().unwrap();
///     stream.update(b"more");
/// }
/// ```
///
/// ```
/// fn end(mut stream: jose::jws::VerifyingStream<'_>) {
///     stream.update(b"more");
///     stream.finish().into_verified().unwrap();
/// }
/// ```
#[expect(dead_code, reason = "read by rustdoc")]
struct StreamsGiveNothingBeforeTheirEnd;

/// A payload that came piece by piece was not kept: what is verified has no content to be mistaken
/// for it.
///
/// ```compile_fail,E0308
/// fn accept(_: jose::Verified<Vec<u8>>) {}
///
/// fn end(stream: jose::jws::VerifyingStream<'_>) {
///     accept(stream.finish().into_verified().unwrap());
/// }
/// ```
///
/// ```
/// fn accept(_: jose::Verified<()>) {}
///
/// fn end(stream: jose::jws::VerifyingStream<'_>) {
///     accept(stream.finish().into_verified().unwrap());
/// }
/// ```
#[expect(dead_code, reason = "read by rustdoc")]
struct StreamsKeepNoContent;

/// Claims that were peeked at are not verified either.
///
/// ```compile_fail,E0308
/// fn accept(_: jose::Verified<jose::jwt::Claims>) {}
///
/// fn handle(token: &jose::jws::Unverified<'_>) {
///     accept(jose::hazmat::peek_unverified_claims(token).unwrap());
/// }
/// ```
///
/// ```
/// fn route(_: jose::jwt::Claims) {}
///
/// fn handle(token: &jose::jws::Unverified<'_>) {
///     route(jose::hazmat::peek_unverified_claims(token).unwrap());
/// }
/// ```
#[expect(dead_code, reason = "read by rustdoc")]
struct PeekedClaimsAreNotVerified;

/// An algorithm for encryption has no place in a verifier's allow-list.
///
/// ```compile_fail,E0308
/// use jose::{Alg, JwkSet, VerifyingKeys, crypto::Backend};
///
/// fn keys(set: &JwkSet, backend: &dyn Backend) -> VerifyingKeys {
///     VerifyingKeys::from_jwks(set, &[Alg::ES256, Alg::RSA_OAEP], backend)
/// }
/// ```
///
/// ```
/// use jose::{Alg, JwkSet, VerifyingKeys, crypto::Backend};
///
/// fn keys(set: &JwkSet, backend: &dyn Backend) -> VerifyingKeys {
///     VerifyingKeys::from_jwks(set, &[Alg::ES256, Alg::PS256], backend)
/// }
/// ```
#[expect(dead_code, reason = "read by rustdoc")]
struct EncryptionIsNotAllowedToVerify;

/// There is no algorithm `none`.
///
/// ```compile_fail,E0599
/// let alg = jose::jwa::SignatureAlgorithm::None;
/// ```
///
/// ```
/// let alg = jose::jwa::SignatureAlgorithm::HS256;
/// ```
#[expect(dead_code, reason = "read by rustdoc")]
struct NoneIsNoAlgorithm;

/// No text is taken for a key.
///
/// ```compile_fail,E0308
/// fn key(password: &str, backend: &dyn jose::crypto::Backend) {
///     let key = jose::SigningKey::from_jwk(password, backend);
/// }
/// ```
///
/// ```
/// fn key(jwk: &jose::Jwk, backend: &dyn jose::crypto::Backend) {
///     let key = jose::SigningKey::from_jwk(jwk, backend);
/// }
/// ```
#[expect(dead_code, reason = "read by rustdoc")]
struct TextIsNoKey;

/// A key that signs is not one that verifies.
///
/// ```compile_fail,E0277
/// fn verify(token: &str, key: &jose::SigningKey) {
///     let accepted = jose::jws::verify(token, key);
/// }
/// ```
///
/// ```
/// fn verify(token: &str, key: &jose::VerifyingKey) {
///     let accepted = jose::jws::verify(token, key);
/// }
/// ```
#[expect(dead_code, reason = "read by rustdoc")]
struct ASigningKeyDoesNotVerify;

/// Secrets are neither shown nor serialized, and keys only by methods that say which half.
///
/// ```compile_fail,E0277
/// let text = format!("{}", jose::SecretBytes::from([1, 2, 3]));
/// ```
///
/// ```compile_fail,E0277
/// let json = serde_json::to_string(&jose::SecretBytes::from([1, 2, 3]));
/// ```
///
/// ```compile_fail,E0277
/// fn write(jwk: &jose::Jwk) -> String {
///     serde_json::to_string(jwk).unwrap()
/// }
/// ```
///
/// ```
/// fn write(jwk: &jose::Jwk) -> String {
///     let text = format!("{:?}", jose::SecretBytes::from([1, 2, 3]));
///     let json = serde_json::to_string(&text).unwrap();
///     jwk.to_public_json().unwrap()
/// }
/// ```
#[expect(dead_code, reason = "read by rustdoc")]
struct SecretsAreNotWritten;

/// What was decrypted has nobody's signature, and does not stand where one is needed.
///
/// ```compile_fail,E0308
/// fn accept(_: jose::Verified<Vec<u8>>) {}
///
/// fn handle(token: &str, keys: &jose::DecryptionKeys) {
///     accept(jose::jwe::decrypt(token, keys).unwrap());
/// }
/// ```
///
/// ```compile_fail,E0277
/// fn handle(decrypted: jose::Decrypted<String>) -> jose::Verified<String> {
///     decrypted.into()
/// }
/// ```
///
/// ```
/// fn accept(_: jose::Decrypted<Vec<u8>>) {}
///
/// fn handle(token: &str, keys: &jose::DecryptionKeys) {
///     accept(jose::jwe::decrypt(token, keys).unwrap());
/// }
/// ```
#[expect(dead_code, reason = "read by rustdoc")]
struct DecryptedIsNotVerified;

/// Claims that were decrypted are held to no rules meant for signed ones.
///
/// ```compile_fail,E0308
/// fn handle(token: &str, keys: &jose::DecryptionKeys, rules: &jose::Validation, now: jose::UnixTime) {
///     let decrypted = jose::jwe::decrypt(token, keys).unwrap();
///     let claims = jose::jwt::accept::<serde_json::Value>(decrypted, rules, now);
/// }
/// ```
///
/// ```compile_fail,E0308
/// fn handle(token: &str, keys: &jose::DecryptionKeys, rules: &jose::Validation, now: jose::UnixTime) {
///     let decrypted = jose::jwt::decrypt_claims(token, keys, rules, now).unwrap();
///     let claims = jose::jwt::accept::<serde_json::Value>(decrypted, rules, now);
/// }
/// ```
///
/// ```
/// fn handle(token: &str, keys: &jose::VerifyingKeys, rules: &jose::Validation, now: jose::UnixTime) {
///     let verified = jose::jws::verify(token, keys).unwrap();
///     let claims = jose::jwt::accept::<serde_json::Value>(verified, rules, now);
/// }
/// ```
#[expect(dead_code, reason = "read by rustdoc")]
struct DecryptedClaimsAreNotAccepted;

/// Nobody but a key that fitted makes a `Decrypted`.
///
/// ```compile_fail,E0451
/// fn forged(other: jose::Decrypted<&'static str>) -> jose::Decrypted<&'static str> {
///     jose::Decrypted { content: "claims", ..other }
/// }
/// ```
///
/// ```compile_fail,E0599
/// let forged = jose::Decrypted::<String>::default();
/// ```
///
/// ```compile_fail,E0277
/// let forged: jose::Decrypted<String> = serde_json::from_str("\"claims\"").unwrap();
/// ```
///
/// ```
/// fn real<T>(decrypted: jose::Decrypted<T>) -> T {
///     decrypted.into_content()
/// }
/// ```
#[expect(dead_code, reason = "read by rustdoc")]
struct DecryptedCannotBeBuilt;

/// A JWE that was read is not one that was decrypted, and shows no content.
///
/// ```compile_fail,E0308
/// fn accept(_: jose::Decrypted<Vec<u8>>) {}
///
/// fn handle(token: jose::jwe::Encrypted<'_>) {
///     accept(token);
/// }
/// ```
///
/// ```compile_fail,E0599
/// fn handle(jwe: &jose::Jwe) -> &[u8] {
///     jwe.content()
/// }
/// ```
///
/// ```
/// fn accept(_: jose::Decrypted<Vec<u8>>) {}
///
/// fn handle(jwe: &jose::Jwe, token: &jose::jwe::Encrypted<'_>, keys: &jose::DecryptionKeys) {
///     accept(jwe.decrypt(keys).unwrap());
///     accept(token.decrypt(keys).unwrap());
/// }
/// ```
#[expect(dead_code, reason = "read by rustdoc")]
struct JweIsNotDecrypted;

/// A password is no key.
///
/// ```compile_fail,E0308
/// fn encrypt(password: &jose::Password) {
///     let token = jose::jwe::encrypt(b"", password);
/// }
/// ```
///
/// ```compile_fail,E0277
/// fn decrypt(token: &str, password: &jose::Password) {
///     let content = jose::jwe::decrypt(token, password);
/// }
/// ```
///
/// ```compile_fail,E0308
/// use jose::{EncryptionKey, Password, crypto::Backend};
///
/// fn key(password: &Password, backend: &'static dyn Backend) {
///     let key = EncryptionKey::from_jwk(password, backend);
/// }
/// ```
///
/// ```compile_fail,E0277
/// fn key(password: jose::Password) {
///     let jwk = jose::Jwk::from_secret_octets(password);
/// }
/// ```
///
/// ```
/// use jose::{Alg, EncryptionKey, Password, crypto::Backend};
///
/// fn key(password: &Password, backend: &'static dyn Backend) {
///     let key = EncryptionKey::from_password(Alg::PBES2_HS256_A128KW, password, backend);
///     let token = jose::jwe::encrypt(b"", &key.unwrap());
/// }
/// ```
#[expect(dead_code, reason = "read by rustdoc")]
struct APasswordIsNoKey;

/// A key is no password, and no text is taken for one where a password is asked for.
///
/// ```compile_fail,E0308
/// use jose::{Alg, EncryptionKey, Jwk, crypto::Backend};
///
/// fn key(jwk: &Jwk, backend: &'static dyn Backend) {
///     let key = EncryptionKey::from_password(Alg::PBES2_HS256_A128KW, jwk, backend);
/// }
/// ```
///
/// ```compile_fail,E0308
/// use jose::{Alg, DecryptionKey, SecretBytes, crypto::Backend};
///
/// fn key(octets: &SecretBytes, backend: &'static dyn Backend) {
///     let key = DecryptionKey::from_password(Alg::PBES2_HS256_A128KW, octets, backend);
/// }
/// ```
///
/// ```compile_fail,E0308
/// use jose::{Alg, DecryptionKey, crypto::Backend};
///
/// fn key(text: &str, backend: &'static dyn Backend) {
///     let key = DecryptionKey::from_password(Alg::PBES2_HS256_A128KW, text, backend);
/// }
/// ```
///
/// ```
/// use jose::{Alg, DecryptionKey, Password, crypto::Backend};
///
/// fn key(text: &str, backend: &'static dyn Backend) {
///     let key = DecryptionKey::from_password(Alg::PBES2_HS256_A128KW, &Password::from(text), backend);
/// }
/// ```
#[expect(dead_code, reason = "read by rustdoc")]
struct AKeyIsNoPassword;

/// A password is neither shown nor serialized.
///
/// ```compile_fail,E0277
/// let text = format!("{}", jose::Password::from("secret"));
/// ```
///
/// ```compile_fail,E0277
/// let json = serde_json::to_string(&jose::Password::from("secret"));
/// ```
///
/// ```
/// let text = format!("{:?}", jose::Password::from("secret"));
/// assert!(!text.contains("secret"));
/// ```
#[expect(dead_code, reason = "read by rustdoc")]
struct APasswordIsNotWritten;

/// A key that encrypts does not decrypt, and one that verifies does neither.
///
/// ```compile_fail,E0277
/// fn decrypt(token: &str, key: &jose::EncryptionKey) {
///     let content = jose::jwe::decrypt(token, key);
/// }
/// ```
///
/// ```compile_fail,E0308
/// fn encrypt(key: &jose::DecryptionKey) {
///     let token = jose::jwe::encrypt(b"", key);
/// }
/// ```
///
/// ```compile_fail,E0277
/// fn decrypt(token: &str, key: &jose::VerifyingKey) {
///     let content = jose::jwe::decrypt(token, key);
/// }
/// ```
///
/// ```
/// fn both(token: &str, encryption_key: &jose::EncryptionKey, key: &jose::DecryptionKey) {
///     let content = jose::jwe::decrypt(token, key);
///     let token = jose::jwe::encrypt(b"", encryption_key);
/// }
/// ```
#[expect(dead_code, reason = "read by rustdoc")]
struct EachKeyHasOnePurpose;

/// An algorithm for signatures has no place among those that decrypt, nor one for keys among those
/// for content.
///
/// ```compile_fail,E0308
/// use jose::{Alg, DecryptionKeys, JwkSet, crypto::Backend};
///
/// fn keys(set: &JwkSet, backend: &'static dyn Backend) -> DecryptionKeys {
///     DecryptionKeys::from_jwks(set, &[Alg::RSA_OAEP, Alg::ES256], backend)
/// }
/// ```
///
/// ```compile_fail,E0308
/// let builder = jose::jwe::Builder::new().enc(jose::Alg::A256KW);
/// ```
///
/// ```
/// use jose::{Alg, DecryptionKeys, JwkSet, crypto::Backend};
///
/// fn keys(set: &JwkSet, backend: &'static dyn Backend) -> DecryptionKeys {
///     DecryptionKeys::from_jwks(set, &[Alg::RSA_OAEP, Alg::ECDH_ES], backend)
/// }
///
/// let builder = jose::jwe::Builder::new().enc(jose::Alg::A256GCM);
/// ```
#[expect(dead_code, reason = "read by rustdoc")]
struct SigningIsNotAllowedToDecrypt;
