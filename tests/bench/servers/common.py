"""What every reference server does with a posted text: parse it, give it an id and a time, serialise once."""

import itertools
import json
import time

_ids = itertools.count(1)


def outgoing(raw: str | bytes, user: str) -> str:
    """The message as all receive it."""
    said = json.loads(raw)
    message = {
        "type": "message",
        "id": next(_ids),
        "room": said["room"],
        "from": user,
        "ts": round(time.time(), 3),
        "text": said["text"],
    }
    return json.dumps(message, separators=(",", ":"))


def server_frame(payload: bytes) -> bytes:
    """A text frame from the server (unmasked), to be written to any number of connections."""
    n = len(payload)
    if n < 126:
        return bytes((0x81, n)) + payload
    if n < 65536:
        return bytes((0x81, 126, n >> 8, n & 255)) + payload
    return bytes((0x81, 127)) + n.to_bytes(8, "big") + payload
