"""A frame as bytes, its WebSocket header too: once for each audience, not once for each receiver."""

import struct

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


def _header(length: int) -> bytes:
    if length < _SHORT:
        return bytes((_TEXT, length))
    if length < _MEDIUM:
        return struct.pack("!BBH", _TEXT, 126, length)
    return struct.pack("!BBQ", _TEXT, 127, length)
