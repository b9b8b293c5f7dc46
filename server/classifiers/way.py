"""The way between Hearth and a classifier process: JSON in whole frames; over TCP each frame is sealed.

A frame is its length (4 bytes) and its content. Over a Unix socket, which its owner alone may open, the
content is plain. Over TCP both ends agree on keys of their own for each connection, from a secret that both
know and from a key pair that each makes and forgets (X25519, HKDF-SHA256): whoever copies the secret later
reads nothing that was said before. Each frame is AES-256-GCM; its nonce is its number in that direction, so
none can be left out, repeated, moved or sent back. Who does not know the secret is told nothing.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

MOST_BYTES: Final = 4 * 1024 * 1024
_HELLO_BYTES: Final = 64
_BEGINNING: Final = b"hearth-c1"
_HELLO: Final = "hearth"
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class NotOurs(Exception):
    """The other end does not know the secret, or a frame is not the next one that it sent."""


class _Seal:
    """The two directions of one connection."""

    def __init__(self, outward: bytes, inward: bytes) -> None:
        self._outward, self._inward = AESGCM(outward), AESGCM(inward)
        self._sent = self._received = 0

    def close(self, content: bytes) -> bytes:
        """The next frame out."""
        nonce = self._sent.to_bytes(_NONCE_BYTES)
        self._sent += 1
        return self._outward.encrypt(nonce, content, _BEGINNING)

    def open(self, sealed: bytes) -> bytes:
        """The next frame in. Raises NotOurs."""
        nonce = self._received.to_bytes(_NONCE_BYTES)
        try:
            content = self._inward.decrypt(nonce, sealed, _BEGINNING)
        except InvalidTag:
            raise NotOurs from None
        self._received += 1
        return content


class Way:
    """One connection. Cancelled in the middle of a frame it is good for nothing more: close it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._seal: _Seal | None = None

    async def send(self, value: Any) -> None:
        """Waits until the other end takes it."""
        content = orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)
        await self._write(self._seal.close(content) if self._seal else content)

    async def receive(self) -> Any:
        """The next value. Raises EOFError at the end, NotOurs or ValueError for what is none."""
        content = await self._read(MOST_BYTES)
        return orjson.loads(self._seal.open(content) if self._seal else content)

    def close(self) -> None:
        """At once."""
        self._writer.close()

    async def ask_in(self, secret: bytes) -> None:
        """Seal this way from now on; for the end that opened it."""
        own = X25519PrivateKey.generate()
        mine = _public(own)
        await self._write(_BEGINNING + mine)
        theirs = await self._read_public()
        outward, inward = _keys(own, theirs, secret, mine + theirs)
        self._seal = _Seal(outward, inward)
        await self.send(_HELLO)

    async def let_in(self, secrets: Sequence[bytes]) -> None:
        """The same, for the end that listens. secrets: any of them will do. Raises NotOurs for a stranger."""
        theirs = await self._read_public()
        own = X25519PrivateKey.generate()
        mine = _public(own)
        await self._write(_BEGINNING + mine)
        hello = await self._read(_HELLO_BYTES)
        for secret in secrets:
            inward, outward = _keys(own, theirs, secret, theirs + mine)
            seal = _Seal(outward, inward)
            try:
                if orjson.loads(seal.open(hello)) == _HELLO:
                    self._seal = seal
                    return
            except NotOurs:
                continue
        raise NotOurs

    async def _read_public(self) -> bytes:
        content = await self._read(_HELLO_BYTES)
        if not content.startswith(_BEGINNING) or len(content) != len(_BEGINNING) + _KEY_BYTES:
            raise NotOurs
        return content.removeprefix(_BEGINNING)

    async def _write(self, content: bytes) -> None:
        self._writer.write(len(content).to_bytes(4) + content)
        await self._writer.drain()

    async def _read(self, most: int) -> bytes:
        size = int.from_bytes(await self._reader.readexactly(4))
        if size > most:
            raise NotOurs
        return await self._reader.readexactly(size)


def _public(own: X25519PrivateKey) -> bytes:
    return own.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def _keys(own: X25519PrivateKey, theirs: bytes, secret: bytes, both: bytes) -> tuple[bytes, bytes]:
    """Of the direction away from who opened the connection, and of the other. both: the opener's public key first."""
    try:
        shared = own.exchange(X25519PublicKey.from_public_bytes(theirs))
    except ValueError:
        raise NotOurs from None
    made = HKDF(SHA256(), 2 * _KEY_BYTES, salt=secret, info=_BEGINNING + both).derive(shared)
    return made[:_KEY_BYTES], made[_KEY_BYTES:]
