"""A frame as bytes, its WebSocket header too: once for each audience, not once for each receiver."""

import struct
from collections.abc import Iterator

from server.protocol.base import Wire

_TEXT = 0x81
"""RFC 6455, 5.2: a final fragment of text. What a server sends is not masked."""
_SHORT, _MEDIUM = 126, 65_536


def encode(frame: Wire) -> bytes:
    """Header and JSON, without what is None."""
    payload = frame.__pydantic_serializer__.to_json(frame, exclude_none=True)
    return _header(len(payload)) + payload


def payload_of(frame: bytes) -> str:
    """The JSON of an encoded frame, for a server that makes the header itself."""
    return frame[{126: 4, 127: 10}.get(frame[1], 2) :].decode()


def payloads_of(frames: bytes) -> Iterator[bytes]:
    """The JSON of each of several encoded frames that stand one after the other."""
    start = 0
    while start < len(frames):
        begin = start + {126: 4, 127: 10}.get(frames[start + 1], 2)
        start = begin + _length(frames, start)
        yield frames[begin:start]


def _length(frames: bytes, start: int) -> int:
    short = frames[start + 1]
    if short < _SHORT:
        return short
    size = 2 if short == _SHORT else 8
    return int.from_bytes(frames[start + 2 : start + 2 + size])


def _header(length: int) -> bytes:
    if length < _SHORT:
        return bytes((_TEXT, length))
    if length < _MEDIUM:
        return struct.pack("!BBH", _TEXT, 126, length)
    return struct.pack("!BBQ", _TEXT, 127, length)
