"""https://github.com/authlib/joserfc"""

import json

from joserfc import jwe, jws
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey, import_key

from serve import octets, serve


def keys(request):
    """The algorithms, and the keys: one by itself, of several the set."""
    algs = [key["alg"] for key in request["keys"]]
    found = [import_key(key["jwk"]) for key in request["keys"]]
    return algs, found[0] if len(found) == 1 else KeySet(found)


def header(key):
    kid = key["jwk"].get("kid")
    return {"alg": key["alg"], **({"kid": kid} if kid else {})}


def sign(request):
    algs, key = keys(request)
    payload = octets(request["payload"])
    headers = [header(key) for key in request["keys"]]
    if request["serialization"] == "compact":
        return {"token": jws.serialize_compact(headers[0], payload, key, algs)}
    members = [{"protected": each} for each in headers]
    if request["serialization"] == "flattened":
        [members] = members
    return {"token": json.dumps(jws.serialize_json(members, payload, key, algs))}


def verify(request):
    algs, key = keys(request)
    if request["serialization"] == "compact":
        found = jws.deserialize_compact(request["token"], key, algs)
    else:
        found = jws.deserialize_json(json.loads(request["token"]), key, algs)
    return {"payload": found.payload}


def encrypt(request):
    algs, _ = keys(request)
    allowed = [*algs, request["enc"]]
    plaintext = octets(request["payload"])
    recipients = [import_key(key["jwk"]) for key in request["keys"]]
    protected = {"enc": request["enc"]}
    if request["serialization"] == "compact":
        protected = {**header(request["keys"][0]), **protected}
        return {"token": jwe.encrypt_compact(protected, plaintext, recipients[0], allowed)}
    if request["serialization"] == "flattened":
        protected = {"alg": algs[0], **protected}
        found = jwe.FlattenedJSONEncryption(protected, plaintext)
        found.add_recipient(None, recipients[0])
    else:
        found = jwe.GeneralJSONEncryption(protected, plaintext)
        for key, recipient in zip(request["keys"], recipients):
            found.add_recipient(header(key), recipient)
    return {"token": json.dumps(jwe.encrypt_json(found, None, allowed))}


def decrypt(request):
    algs, key = keys(request)
    # Each algorithm that it knows is to be allowed, `enc` too.
    token = request["token"]
    allowed = [*algs, request["enc"]]
    if request["serialization"] == "compact":
        return {"payload": jwe.decrypt_compact(token, key, allowed).plaintext}
    return {"payload": jwe.decrypt_json(json.loads(token), key, allowed).plaintext}


def generate(request):
    kty, crv = request["kty"], request.get("crv")
    if kty == "oct":
        key = OctKey.generate_key(256)
    elif kty == "RSA":
        key = RSAKey.generate_key(2048)
    else:
        key = {"EC": ECKey, "OKP": OKPKey}[kty].generate_key(crv)
    return {"jwk": key.as_dict(private=True)}


def thumbprint(request):
    return {"thumbprint": import_key(request["jwk"]).thumbprint()}


serve(
    "joserfc",
    {
        "sign": sign,
        "verify": verify,
        "encrypt": encrypt,
        "decrypt": decrypt,
        "generate": generate,
        "thumbprint": thumbprint,
    },
)
