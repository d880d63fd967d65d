"""https://github.com/latchset/jwcrypto"""

import json

from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from serve import Unsupported, octets, serve


def keys(request):
    return [(key["alg"], JWK(**key["jwk"])) for key in request["keys"]]


def check(serialization, entries):
    """It writes general JSON of several entries, and flattened of one."""
    if serialization == "general" and entries == 1:
        raise Unsupported("general JSON of one entry is not written")


def header(alg, key):
    kid = key.get("kid")
    return json.dumps({"alg": alg, **({"kid": kid} if kid else {})})


def sign(request):
    check(request["serialization"], len(request["keys"]))
    found = JWS(octets(request["payload"]))
    found.allowed_algs = [alg for alg, _ in keys(request)]
    for alg, key in keys(request):
        found.add_signature(key, alg, header(alg, key))
    return {"token": found.serialize(compact=request["serialization"] == "compact")}


def verify(request):
    # Each key by itself, so that each signature is verified.
    for alg, key in keys(request):
        found = JWS()
        found.deserialize(request["token"])
        found.allowed_algs = [alg]
        found.verify(key, alg)
    return {"payload": found.payload}


def encrypt(request):
    check(request["serialization"], len(request["keys"]))
    recipients = keys(request)
    algs = [alg for alg, _ in recipients]
    protected = {"enc": request["enc"]}
    if len(recipients) == 1:
        protected["alg"] = algs[0]
    found = JWE(octets(request["payload"]), json.dumps(protected), algs=[*algs, request["enc"]])
    for alg, key in recipients:
        found.add_recipient(key, header(alg, key) if len(recipients) > 1 else None)
    return {"token": found.serialize(compact=request["serialization"] == "compact")}


def decrypt(request):
    for alg, key in keys(request):
        found = JWE(algs=[alg, request["enc"]])
        found.deserialize(request["token"])
        found.decrypt(key)
    return {"payload": found.payload}


def generate(request):
    kty, crv = request["kty"], request.get("crv")
    asked = {"crv": crv} if crv else {"size": {"oct": 256, "RSA": 2048}[kty]}
    return {"jwk": JWK.generate(kty=kty, **asked).export(private_key=True, as_dict=True)}


def thumbprint(request):
    return {"thumbprint": JWK(**request["jwk"]).thumbprint()}


serve(
    "jwcrypto",
    {
        "sign": sign,
        "verify": verify,
        "encrypt": encrypt,
        "decrypt": decrypt,
        "generate": generate,
        "thumbprint": thumbprint,
    },
)
