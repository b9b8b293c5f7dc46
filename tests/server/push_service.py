"""A push service on this machine, as a browser maker runs one: it takes messages, and a browser opens them.

Opening is written here anew from RFC 8291, so that a mistake in our sealing is not made twice.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from server.protocol import push as wire

_CURVE = ec.SECP256R1()


def encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Taken:
    """One request, as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


class ReceivingBrowser:
    """A browser that subscribed: only it can open what is sent to it."""

    def __init__(self, service: "PushService", name: str = "one") -> None:
        self._key = ec.generate_private_key(_CURVE)
        self._auth = os.urandom(16)
        self.path = f"/to/{name}"
        self.endpoint = service.url + self.path

    @property
    def keys(self) -> dict[str, str]:
        """As its PushSubscription says them."""
        return {"p256dh": encode(self._public), "auth": encode(self._auth)}

    def asks(self, time_zone: str, quiet: wire.QuietHours | None) -> wire.NewPushDevice:
        """What its page sends to be called on it."""
        return wire.NewPushDevice(
            endpoint=self.endpoint,
            p256dh=self.keys["p256dh"],
            auth=self.keys["auth"],
            time_zone=time_zone,
            quiet=quiet,
        )

    @property
    def _public(self) -> bytes:
        return self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def open(self, body: bytes) -> Any:
        """The message: RFC 8291, section 3.4, step by step."""
        salt, size, head = body[:16], int.from_bytes(body[16:20]), body[20]
        sender = body[21 : 21 + head]
        assert len(body) <= size
        shared = self._key.exchange(
            ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, sender)
        )
        both = _mac(_mac(self._auth, shared), b"WebPush: info\0" + self._public + sender + b"\x01")
        start = _mac(salt, both)
        key = _mac(start, b"Content-Encoding: aes128gcm\0\x01")[:16]
        nonce = _mac(start, b"Content-Encoding: nonce\0\x01")[:12]
        padded = AESGCM(key).decrypt(nonce, body[21 + head :], None)
        text, end, rest = padded.rpartition(b"\x02")
        assert (end, rest) == (b"\x02", b"")
        return json.loads(text)


@dataclass
class PushService:
    """status: what it answers from now on; hangs: it answers nothing."""

    url: str = ""
    status: int = 201
    hangs: bool = False
    taken: list[Taken] = field(default_factory=list)

    @property
    def host(self) -> str:
        """As it stands in HEARTH_PUSH_HOSTS."""
        return self.url.removeprefix("http://")

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head)
        }
        body = await reader.readexactly(int(headers["content-length"]))
        self.taken.append(Taken(head[0].split()[1], headers, body))
        if self.hangs:
            await reader.read()
        else:
            answer = f"HTTP/1.1 {self.status} So\r\nlocation: {self.url}/elsewhere\r\n"
            writer.write(f"{answer}content-length: 0\r\nconnection: close\r\n\r\n".encode())
        writer.close()


@asynccontextmanager
async def open_push_service() -> AsyncIterator[PushService]:
    """One on a port of its own."""
    service = PushService()
    server = await asyncio.start_server(service.answer, "127.0.0.1", 0)
    service.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield service
    server.close()
    await server.wait_closed()


def claims_of(taken: Taken) -> dict[str, Any]:
    """What the sender says of itself; fails unless its signature is its key's (RFC 8292)."""
    scheme, _, parts = taken.headers["authorization"].partition(" ")
    said = dict(part.strip().split("=", 1) for part in parts.split(","))
    head, claims, signature = said["t"].split(".")
    raw = decode(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    key = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, decode(said["k"]))
    key.verify(der, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    assert scheme == "vapid"
    return {"key": said["k"], **json.loads(decode(head)), **json.loads(decode(claims))}


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, hashlib.sha256)
