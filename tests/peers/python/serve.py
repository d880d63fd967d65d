"""The protocol of tests/peers/README.md: a request on each line of standard input, its answer on a
line of standard output."""

import json
import sys
from base64 import urlsafe_b64decode, urlsafe_b64encode
from importlib.metadata import version


class Unsupported(Exception):
    """What the library has no name or no function for, told apart from what it refuses."""


def octets(payload):
    return urlsafe_b64decode(payload + "=" * (-len(payload) % 4))


def serve(name, operations):
    """Answers requests with what `operations` has under their `op`, until the input ends."""
    known = {"version": lambda request: {"version": version(name)}, **operations}
    for line in sys.stdin:
        print(json.dumps(_answer(known, line)), flush=True)


def _answer(operations, line):
    try:
        request = json.loads(line)
        if request["op"] not in operations:
            raise Unsupported(f"no {request['op']}")
        result = operations[request["op"]](request)
        if "payload" in result:
            payload = urlsafe_b64encode(result["payload"]).rstrip(b"=")
            result["payload"] = payload.decode()
        return {"ok": True, **result}
    except Unsupported as error:
        return {"ok": False, "error": f"unsupported: {error}"}
    except Exception as error:
        return {"ok": False, "error": f"{type(error).__name__}: {error}"}
