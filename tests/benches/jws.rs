//! Signing and verifying 200 octets of claims, on each backend: prepared keys, whole tokens.
#![allow(missing_docs, reason = "criterion's macros write functions without")]
#![allow(clippy::unwrap_used, reason = "a benchmark may fail by panicking")]

use criterion::{Criterion, criterion_group, criterion_main};
use jose::jwa::SignatureAlgorithm;
use jose::jws;
use jose_conformance::keys;
use jose_tests::backends;

fn sign_and_verify(criterion: &mut Criterion) {
    use SignatureAlgorithm as S;
    let payload = [b'x'; 200];
    for backend in backends() {
        for alg in [S::HS256, S::ES256, S::Ed25519, S::RS256] {
            let (signer, verifier) = (keys::signer(alg, backend), keys::verifier(alg, backend));
            let verifier = jose::VerifyingKeys::from(verifier);
            let token = jws::sign(&payload, &signer).unwrap();
            let mut group = criterion.benchmark_group(format!("{}/{alg}", backend.name()));
            group.bench_function("sign", |b| b.iter(|| jws::sign(&payload, &signer).unwrap()));
            group.bench_function("verify", |b| b.iter(|| jws::verify(&token, &verifier).unwrap()));
            group.finish();
        }
    }
}

criterion_group!(benches, sign_and_verify);
criterion_main!(benches);
