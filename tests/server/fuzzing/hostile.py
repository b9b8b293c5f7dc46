"""Hostile frames, as bytes on the wire: some that a line outlives, and some that must end it."""

import json
import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

TEXT, BINARY, CLOSE, PING, PONG, MORE = 0x1, 0x2, 0x8, 0x9, 0xA, 0x0
_END = 0x80
_FRAME_BYTES = 32 * 1024
_MESSAGE_BYTES = 256 * 1024
MARK: Final = "qzmarkzq"


@dataclass(frozen=True, slots=True)
class Sent:
    """What goes out. ends: close codes of which one must come; none: the line must hold."""

    what: str
    wire: bytes
    ends: frozenset[int] = frozenset()
    gives_up: bool = False
    """This side breaks off in the middle, and waits for no farewell."""


def frame(
    opcode: int, payload: bytes, *, first: int = _END, mask: bytes | None = b"\x11\x22\x33\x44"
) -> bytes:
    """One frame. first: FIN and the reserved bits. mask: None leaves it out, which no client may."""
    masked = 0 if mask is None else 0x80
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", first | opcode, masked | size)
    elif size < 2**16:
        head = struct.pack("!BBH", first | opcode, masked | 126, size)
    else:
        head = struct.pack("!BBQ", first | opcode, masked | 127, size)
    return head + (payload if mask is None else mask + _masked(payload, mask))


def text_frame(text: str) -> bytes:
    """A whole message of text."""
    return frame(TEXT, text.encode("utf-8", "surrogatepass"))


class Maker:
    """Draws hostile frames. texts: malformed ones that others made; rooms: ids that are not the sender's."""

    def __init__(
        self,
        seed: int,
        texts: Sequence[str],
        valid: Sequence[dict[str, Any]],
        rooms: Sequence[UUID],
    ):
        self._rng = random.Random(seed)
        self._texts, self._valid, self._rooms = texts, valid, rooms

    def outlived(self) -> Sent:
        """Answered, or passed over in silence; the line holds."""
        kind, make = self._rng.choice(_OUTLIVED)
        return Sent(kind, make(self))

    def ending(self) -> Sent:
        """The line ends, with a code that says why."""
        kind, make, ends = self._rng.choice(_ENDING)
        return Sent(kind, make(self), frozenset(ends), gives_up=not ends)

    # --- what a line outlives ---

    def malformed(self) -> bytes:
        """A field that is not as it should be."""
        return text_frame(self._rng.choice(self._texts))

    def random_text(self) -> bytes:
        """Characters from everywhere."""
        rng = self._rng
        points = (
            rng.choice((0x20, 0x300, 0x600, 0x1F600, 0xE0000)) + rng.randrange(96)
            for _ in range(rng.randrange(400))
        )
        return text_frame("".join(map(chr, points)))

    def random_binary(self) -> bytes:
        """Bytes, in a frame that says so."""
        return frame(BINARY, self._bytes(2_000))

    def deep(self) -> bytes:
        """JSON that nests."""
        depth = self._rng.randrange(100, 16_000)
        opening, closing = self._rng.choice((("[", "]"), ('{"a":', "}")))
        deepest = depth if opening == "[" else depth // 6
        return text_frame(opening * deepest + "1" + closing * deepest)

    def huge_number(self) -> bytes:
        """Where a count belongs."""
        number = self._rng.choice(
            ("1" + "0" * 5_000, "-1e999999", "1e-999999", "9" * 30_000, "NaN")
        )
        return text_frame(f'{{"type": "read", "room": "{uuid4()}", "seq": {number}}}')

    def wrong_type(self) -> bytes:
        """Something else in each place."""
        rng = self._rng
        others: tuple[Any, ...] = (None, True, 7, -1.5, [], {}, [[]], {"$gt": ""}, MARK, "", 2**64)
        return text_frame(
            json.dumps({name: rng.choice(others) for name in rng.choice(self._valid)})
        )

    def of_another_room(self) -> bytes:
        """A valid command, about a room where the sender has no seat."""
        asked = dict(self._rng.choice(self._valid)) | {"client_id": str(uuid4())}
        if "room" in asked:
            asked["room"] = str(self._rng.choice([*self._rooms, uuid4()]))
        else:
            asked["client_id"] = str(uuid4())
        return text_frame(json.dumps(asked))

    def many_keys(self) -> bytes:
        """An object of nothing but keys."""
        return text_frame(json.dumps({f"{MARK}{n}": n for n in range(self._rng.randrange(1_500))}))

    def same_keys(self) -> bytes:
        """One key over and over."""
        return text_frame("{" + ",".join('"type":"typing"' for _ in range(1_000)) + "}")

    def fragmented(self) -> bytes:
        """A message in pieces, some of them empty, with pings in between."""
        pieces = self._pieces(text_frame_payload(self._rng.choice(self._texts)))
        wire = frame(TEXT, pieces[0], first=0)
        for piece in pieces[1:]:
            if self._rng.random() < 0.1:
                wire += frame(PING, self._bytes(125))
            wire += frame(MORE, piece, first=0)
        return wire + frame(MORE, b"")

    def ping(self) -> bytes:
        """Up to ten, of every size."""
        return b"".join(frame(PING, self._bytes(125)) for _ in range(self._rng.randrange(1, 10)))

    def pong(self) -> bytes:
        """Nobody asked."""
        return frame(PONG, self._bytes(125))

    def empty(self) -> bytes:
        """A message of nothing."""
        return frame(self._rng.choice((TEXT, BINARY)), b"")

    def too_large(self) -> bytes:
        """More than a frame of ours, less than ends a line."""
        size = self._rng.randrange(_FRAME_BYTES, 3 * _FRAME_BYTES)
        return text_frame(f'{{"type": "post", "text": "{MARK * (size // len(MARK))}"}}')

    # --- what ends it ---

    def invalid_utf8(self) -> bytes:
        """In a frame of text."""
        bad = self._rng.choice(
            (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x80")
        )
        return frame(TEXT, b'{"type": "' + bad + b'"}')

    def reserved_bit(self) -> bytes:
        """No extension was agreed on."""
        return frame(TEXT, b"{}", first=_END | self._rng.choice((0x40, 0x20, 0x10)))

    def unknown_opcode(self) -> bytes:
        """Reserved for later."""
        return frame(self._rng.choice((3, 4, 5, 6, 7, 11, 12, 13, 14, 15)), self._bytes(60))

    def unmasked(self) -> bytes:
        """As only servers may."""
        return frame(TEXT, b'{"type": "typing"}', mask=None)

    def long_control(self) -> bytes:
        """Over 125 bytes."""
        return frame(self._rng.choice((PING, PONG, CLOSE)), self._bytes(60) + b"x" * 200)

    def fragmented_control(self) -> bytes:
        """Control frames are whole."""
        return frame(PING, b"x", first=0)

    def nothing_to_go_on(self) -> bytes:
        """The rest of a message that never began."""
        return frame(MORE, self._bytes(60))

    def message_within(self) -> bytes:
        """Another begins before this one ends."""
        return frame(TEXT, b"{", first=0) + frame(TEXT, b"{}")

    def bad_close(self) -> bytes:
        """A code that may not be sent, or half of one."""
        code = self._rng.choice((0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65_535))
        return frame(CLOSE, self._rng.choice((struct.pack("!H", code), b"\x03")))

    def close_not_text(self) -> bytes:
        """A reason that is no UTF-8."""
        return frame(CLOSE, struct.pack("!H", 1000) + b"\xff\xfe")

    def announced(self) -> bytes:
        """A length that nobody should wait for; nothing of it follows."""
        size = self._rng.choice((2**62, 2**40, 17 * 1024 * 1024, _MESSAGE_BYTES + 1))
        return struct.pack("!BBQ", _END | TEXT, 0x80 | 127, size) + b"\0\0\0\0" + self._bytes(500)

    def in_pieces_too_large(self) -> bytes:
        """Each piece is small, the whole is not."""
        piece = frame(MORE, b"x" * 16_384, first=0)
        return frame(TEXT, b"x", first=0) + piece * (_MESSAGE_BYTES // 16_384 + 1)

    def top_bit(self) -> bytes:
        """A length that no number may have."""
        return struct.pack("!BBQ", _END | TEXT, 0x80 | 127, 2**63 + 5) + b"\0\0\0\0"

    def proper_close(self) -> bytes:
        """A farewell, answered with the same."""
        return frame(CLOSE, struct.pack("!H", 1000))

    def random_bytes(self) -> bytes:
        """No WebSocket at all; more than one byte, which would be half a frame."""
        return bytes([0xFF, 0xFF]) + self._bytes(400)

    def half(self) -> bytes:
        """A frame of which the rest never comes."""
        return text_frame(self._rng.choice(self._texts))[: self._rng.randrange(1, 12)]

    def _bytes(self, most: int) -> bytes:
        return self._rng.randbytes(self._rng.randrange(most + 1))

    def _pieces(self, payload: bytes) -> list[bytes]:
        count = self._rng.choice((2, 3, 10, 200))
        size = max(1, -(-len(payload) // count))
        pieces = [payload[at : at + size] for at in range(0, len(payload), size)]
        return [*pieces, *[b""] * (count // 10)] or [b"", b""]


def text_frame_payload(text: str) -> bytes:
    """Its bytes; what is not UTF-8 would be another attack."""
    return text.encode("utf-8", "replace")


def _masked(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    keys = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    return (int.from_bytes(payload, "big") ^ keys).to_bytes(size, "big")


Make = Callable[[Maker], bytes]

_OUTLIVED: tuple[tuple[str, Make], ...] = tuple(
    (make.__name__, make)
    for make in (
        Maker.malformed, Maker.malformed, Maker.malformed, Maker.random_text, Maker.random_binary, Maker.deep,
        Maker.huge_number, Maker.wrong_type, Maker.of_another_room, Maker.many_keys, Maker.same_keys,
        Maker.fragmented, Maker.ping, Maker.pong, Maker.empty, Maker.too_large,
    )
)  # fmt: skip

_PROTOCOL, _NO_TEXT, _TOO_BIG = 1002, 1007, 1009
_ENDING: tuple[tuple[str, Make, tuple[int, ...]], ...] = (
    ("invalid_utf8", Maker.invalid_utf8, (_NO_TEXT,)),
    ("reserved_bit", Maker.reserved_bit, (_PROTOCOL,)),
    ("unknown_opcode", Maker.unknown_opcode, (_PROTOCOL,)),
    ("unmasked", Maker.unmasked, (_PROTOCOL,)),
    ("long_control", Maker.long_control, (_PROTOCOL,)),
    ("fragmented_control", Maker.fragmented_control, (_PROTOCOL,)),
    ("nothing_to_go_on", Maker.nothing_to_go_on, (_PROTOCOL,)),
    ("message_within", Maker.message_within, (_PROTOCOL,)),
    ("bad_close", Maker.bad_close, (_PROTOCOL,)),
    ("close_not_text", Maker.close_not_text, (_PROTOCOL, _NO_TEXT)),
    ("announced", Maker.announced, (_TOO_BIG,)),
    ("in_pieces_too_large", Maker.in_pieces_too_large, (_TOO_BIG,)),
    ("top_bit", Maker.top_bit, (_PROTOCOL, _TOO_BIG)),
    ("proper_close", Maker.proper_close, (1000,)),
    ("random_bytes", Maker.random_bytes, (_PROTOCOL,)),
    ("half", Maker.half, ()),
)
