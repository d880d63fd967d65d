"""https://github.com/jpadilla/pyjwt"""

from jwt import PyJWK
from jwt.api_jws import PyJWS

from serve import Unsupported, octets, serve


def only(request):
    if request["serialization"] != "compact":
        raise Unsupported("compact tokens alone")
    [key] = request["keys"]
    return key["alg"], PyJWK(key["jwk"], algorithm=key["alg"])


def sign(request):
    alg, key = only(request)
    return {"token": PyJWS().encode(octets(request["payload"]), key, algorithm=alg)}


def verify(request):
    alg, key = only(request)
    return {"payload": PyJWS().decode(request["token"], key, algorithms=[alg])}


serve("PyJWT", {"sign": sign, "verify": verify})
