//! One signature in compact form, under every algorithm (RFC 7515 §7.1, RFC 7518 §3).

use super::*;

/// What it lacks is exactly what it is said to lack.
pub fn the_backend_has_every_algorithm_but_those_named(subject: &Subject) {
    for alg in S::ALL {
        let signer = SigningKey::from_jwk(&keys::private(*alg), subject.backend());
        let verifier = VerifyingKey::from_jwk(&keys::verifying(*alg), subject.backend());
        if subject.lacks(*alg) {
            for error in [signer.unwrap_err(), verifier.unwrap_err()] {
                assert!(subject.is_no_to(*alg, &error), "{alg}: {error:?}");
                if let KeyError::Unsupported { what } = error {
                    assert_eq!(what, alg.name());
                }
            }
        } else {
            assert!(signer.is_ok() && verifier.is_ok(), "{alg}: {signer:?} {verifier:?}");
        }
    }
}

/// A backend that is in a FIPS module serves what it says is approved, and refuses all else by policy;
/// one that is in none approves of nothing.
pub fn what_is_served_in_a_fips_module_is_what_is_approved(subject: &Subject) {
    let backend = subject.backend();
    let in_module = backend.fips_status().is_fips();
    for alg in S::ALL {
        let jwk = keys::private(*alg);
        let approval = backend.approval((*alg).into(), Some(jwk.params()));
        let served = in_module && !subject.lacks(*alg);
        assert_eq!(approval.is_usable(), served, "{alg}: {approval}");
        if in_module && !served {
            let refused = SigningKey::from_jwk(&jwk, backend).unwrap_err();
            assert!(matches!(refused, KeyError::NotApproved { .. }), "{alg}: {refused:?}");
        }
    }
    for alg in K::ALL {
        let usable = backend.approval((*alg).into(), None).is_usable();
        assert_eq!(usable, in_module && subject.key_managements().any(|own| own == *alg), "{alg}");
    }
    for enc in ContentEncryption::ALL {
        assert_eq!(backend.approval((*enc).into(), None).is_usable(), in_module, "{enc}");
    }
}

/// What is signed verifies, and the payload comes back as it was.
pub fn what_is_signed_verifies(subject: &Subject) {
    for alg in subject.algorithms() {
        let verified = jws::verify(&sign(alg, subject), &trusted(alg, subject)).unwrap();
        assert_eq!(verified.content(), PAYLOAD, "{alg}");
        assert_eq!(verified.protected().alg(), Some(alg.name()));
        assert_eq!(verified.key_id(), keys::private(alg).kid());
    }
}

/// No payload at all, one octet, and as many as fit.
pub fn payloads_of_every_size_verify(subject: &Subject) {
    for alg in subject.algorithms() {
        let (key, keys) = (keys::signer(alg, subject.backend()), trusted(alg, subject));
        for len in [0, 1, 63, 64, 65, 127, 128, 129, 100_000] {
            let payload: Vec<u8> = (0..=255).cycle().take(len).collect();
            let verified = jws::verify(&jws::sign(&payload, &key).unwrap(), &keys).unwrap();
            assert_eq!(verified.content(), &payload, "{alg}, {len} octets");
        }
    }
}

/// RFC 7518 §3.2-3.5: a signature has the length its algorithm or its key fixes.
pub fn a_signature_has_the_length_of_its_algorithm(subject: &Subject) {
    for alg in subject.algorithms() {
        let expected = match alg.signature_len() {
            Some(len) => len,
            None if alg == S::EdDSA => 64,
            None => 256, // the fixed RSA keys have 2048 bits
        };
        // A number with leading zeros must not come out short; 24 tries see one in 128 per number.
        for _ in 0..24 {
            assert_eq!(signature_of(&sign(alg, subject)).len(), expected, "{alg}");
        }
    }
}

/// Any flipped bit of the signature, and any of the input, is refused.
pub fn a_flipped_bit_is_refused(subject: &Subject) {
    for alg in subject.algorithms() {
        let (token, keys) = (sign(alg, subject), trusted(alg, subject));
        let signature = signature_of(&token);
        // One bit in each octet, another in the next: every position, a tenth of the time.
        for (index, _) in signature.iter().enumerate() {
            let mut forged = signature.clone();
            forged[index] ^= 1 << (index % 8);
            let refused = refusal(&with_signature(&token, &forged), &keys);
            assert!(matches!(refused, VerifyError::InvalidSignature), "{alg}, octet {index}");
        }
        let mut forged = PAYLOAD.to_vec();
        forged[0] ^= 1;
        let (header, _) = token.split_once('.').unwrap();
        let forged = format!("{header}.{}.", base64url::encode(&forged));
        let forged = with_signature(&forged, &signature);
        assert!(matches!(refusal(&forged, &keys), VerifyError::InvalidSignature), "{alg}");
    }
}

/// A signature of another length than the algorithm's is refused, whatever it starts with.
pub fn a_signature_of_another_length_is_refused(subject: &Subject) {
    for alg in subject.algorithms() {
        let (token, keys) = (sign(alg, subject), trusted(alg, subject));
        let signature = signature_of(&token);
        let mut forgeries: Vec<Vec<u8>> =
            (0..signature.len()).step_by(7).map(|len| signature[..len].to_vec()).collect();
        forgeries.push(signature[..signature.len() - 1].to_vec());
        forgeries.push([&signature[..], &[0]].concat());
        forgeries.push([&[0], &signature[..]].concat());
        forgeries.push([&signature[..], &signature[..]].concat());
        forgeries.push(vec![0; 8192]);
        for forged in forgeries {
            let refused = refusal(&with_signature(&token, &forged), &keys);
            assert!(matches!(refused, VerifyError::InvalidSignature), "{alg}, {}", forged.len());
        }
    }
}

/// Signatures of nothing but zeros, and of nothing but ones, are refused.
pub fn a_constant_signature_is_refused(subject: &Subject) {
    for alg in subject.algorithms() {
        let (token, keys) = (sign(alg, subject), trusted(alg, subject));
        let len = signature_of(&token).len();
        for octet in [0x00, 0x01, 0xFF] {
            let refused = refusal(&with_signature(&token, &vec![octet; len]), &keys);
            assert!(matches!(refused, VerifyError::InvalidSignature), "{alg}, {octet:#x}");
        }
    }
}

/// RFC 8725 §3.1: a token is only tried with a key of its own algorithm, whatever else would fit.
pub fn a_key_serves_its_own_algorithm_alone(subject: &Subject) {
    let edwards = [S::EdDSA, S::Ed25519];
    for signing in subject.algorithms() {
        let token = sign(signing, subject);
        for verifying in subject.algorithms().filter(|verifying| *verifying != signing) {
            // Another key under another `kid`: name none, so that the algorithm alone decides.
            let jwk = keys::verifying(verifying).without_kid();
            let key = VerifyingKey::from_jwk(&jwk, subject.backend()).unwrap();
            let aliases = edwards.contains(&signing) && edwards.contains(&verifying)
                || signing == S::EdDSA && verifying == S::Ed448;
            match refusal_or_ok(&token, &key.into()) {
                Some(VerifyError::NoMatchingKey(no_match)) if !aliases => {
                    assert_eq!(no_match.reason(), NoMatchReason::AlgorithmNotAllowed);
                    assert_eq!(no_match.alg(), signing.name());
                }
                Some(VerifyError::InvalidSignature) | None if aliases => {}
                other => panic!("{signing} token, {verifying} key: {other:?}"),
            }
        }
    }
}

fn refusal_or_ok(token: &str, keys: &VerifyingKeys) -> Option<VerifyError> {
    match jws::verify(token, keys) {
        Ok(_) => None,
        Err(jws::Error::Verify(error)) => Some(error),
        Err(other) => panic!("{other:?}"),
    }
}

/// RFC 9864 §2.2: `EdDSA` and `Ed25519` are one algorithm for one key, both ways.
pub fn the_two_names_of_ed25519_are_one_algorithm(subject: &Subject) {
    let text = keys::json(S::Ed25519);
    let named = |name: &str| -> Jwk {
        text.replace("\"alg\":\"Ed25519\"", &format!("\"alg\":\"{name}\"")).parse().unwrap()
    };
    for signing in ["Ed25519", "EdDSA"] {
        let key = SigningKey::from_jwk(&named(signing), subject.backend());
        if subject.lacks(S::Ed25519) {
            let alg = S::from_name(signing).unwrap();
            let refused = key.unwrap_err();
            assert!(subject.is_no_to(alg, &refused), "{signing}: {refused:?}");
            continue;
        }
        let key = key.unwrap();
        let token = jws::sign(PAYLOAD, &key).unwrap();
        assert_eq!(Unverified::parse(&token).unwrap().protected().alg(), Some(signing));
        for verifying in ["Ed25519", "EdDSA"] {
            let jwk = named(verifying).to_public().unwrap();
            let key = VerifyingKey::from_jwk(&jwk, subject.backend()).unwrap();
            assert!(jws::verify(&token, &key).is_ok(), "{signing}, {verifying}");
        }
    }
}

/// Two steps give what one step gives, for algorithms that leave no choice.
pub fn signing_in_two_steps_is_signing_in_one(subject: &Subject) {
    for alg in subject.algorithms().filter(|alg| alg.is_symmetric()) {
        let token = sign(alg, subject);
        let kid = keys::private(alg).kid().map(String::from);
        let unsigned = Unsigned::new(alg, kid.as_deref(), PAYLOAD).unwrap();
        let (input, _) = token.rsplit_once('.').unwrap();
        assert_eq!(unsigned.signing_input(), input.as_bytes());
        assert_eq!(unsigned.attach(&signature_of(&token)).unwrap(), token);
    }
}

/// The digest of an unsigned token is that of its signing input; HMAC and EdDSA have none.
pub fn the_digest_is_that_of_the_signing_input(subject: &Subject) {
    for alg in S::ALL {
        let unsigned = Unsigned::new(*alg, None, PAYLOAD).unwrap();
        let digest = unsigned.digest(subject.backend());
        match alg.hash().filter(|_| !alg.is_symmetric()) {
            None => assert!(matches!(digest, Err(KeyError::Unsupported { .. })), "{alg}"),
            Some(hash) => {
                let mut expected = vec![0; hash.digest_len()];
                let input = unsigned.signing_input();
                subject.backend().digest(hash, &[input], &mut expected).unwrap();
                assert_eq!(digest.unwrap(), expected, "{alg}");
            }
        }
    }
}

/// A signature is attached only if it has the algorithm's length.
pub fn attaching_a_signature_of_another_length_is_refused(_subject: &Subject) {
    for alg in S::ALL {
        for len in [0, 1, 31, 33, 63, 65, 95, 97, 113, 115, 131, 133, 255, 2049] {
            let unsigned = Unsigned::new(*alg, None, PAYLOAD).unwrap();
            let attached = unsigned.attach(&vec![1; len]);
            assert!(matches!(attached, Err(SignError::Length)), "{alg}, {len}");
        }
    }
}

/// An ECDSA signature in ASN.1, as key services answer, becomes the same token.
pub fn an_asn1_signature_can_be_attached(subject: &Subject) {
    for alg in ecdsa_algs(subject) {
        let token = sign(alg, subject);
        let mut buffer = [0; ecdsa::MAX_DER_LEN];
        let der = ecdsa::fixed_to_der(&signature_of(&token), &mut buffer).unwrap();
        let kid = keys::private(alg).kid().map(String::from);
        let unsigned = Unsigned::new(alg, kid.as_deref(), PAYLOAD).unwrap();
        assert_eq!(unsigned.clone().attach_der(der).unwrap(), token, "{alg}");
        for len in 0..der.len() {
            let attached = unsigned.clone().attach_der(&der[..len]);
            assert!(matches!(attached, Err(SignError::Length)), "{alg}, {len}");
        }
    }
    let unsigned = Unsigned::new(S::HS256, None, PAYLOAD).unwrap();
    assert!(matches!(unsigned.attach_der(&[0x30, 6, 2, 1, 1, 2, 1, 1]), Err(SignError::Length)));
}

/// FIPS 180-4's own examples, in one part and in many; and no digest of another length.
pub fn digests_are_those_of_fips_180(subject: &Subject) {
    let digest = |hash: Hash, parts: &[&[u8]]| {
        let mut out = vec![0; hash.digest_len()];
        subject.backend().digest(hash, parts, &mut out).unwrap();
        out
    };
    for (hash, abc) in [
        (Hash::Sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            Hash::Sha384,
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
        ),
        (
            Hash::Sha512,
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
    ] {
        let abc: Vec<u8> = (0..abc.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&abc[at..at + 2], 16).unwrap())
            .collect();
        assert_eq!(digest(hash, &[b"abc"]), abc);
        assert_eq!(digest(hash, &[b"a", b"", b"bc", b""]), abc);
        for len in [0, hash.digest_len() - 1, hash.digest_len() + 1] {
            assert!(subject.backend().digest(hash, &[b"abc"], &mut vec![0; len]).is_err());
        }
    }
}

/// The generator fills what it is given, of any length, and never twice alike.
pub fn random_octets_differ(subject: &Subject) {
    let mut seen = BTreeSet::new();
    for _ in 0..64 {
        let mut octets = [0; 16];
        subject.backend().random(&mut octets).unwrap();
        assert!(seen.insert(octets));
    }
    subject.backend().random(&mut []).unwrap();
    let mut long = vec![0; 100_000];
    subject.backend().random(&mut long).unwrap();
    // 2^-128 is the chance of sixteen zeros in any one place.
    assert!(long.chunks_exact(16).all(|chunk| chunk.iter().any(|octet| *octet != 0)));
}

/// One key in four threads at once gives what it gives in one.
pub fn keys_are_shared_between_threads(subject: &Subject) {
    for alg in subject.algorithms() {
        let (key, keys) = (keys::signer(alg, subject.backend()), trusted(alg, subject));
        std::thread::scope(|scope| {
            for thread in 0..4_u8 {
                let (key, keys) = (&key, &keys);
                scope.spawn(move || {
                    for round in 0..8_u8 {
                        let token = jws::sign(&[thread, round], key).unwrap();
                        let verified = jws::verify(&token, keys).unwrap();
                        assert_eq!(verified.content(), &[thread, round], "{alg}");
                    }
                });
            }
        });
    }
}
