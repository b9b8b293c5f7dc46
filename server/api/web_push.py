"""Sending Web Push: sealed for one browser (RFC 8291), signed by this server (RFC 8292), in bounded time.

The libraries for this wait for each answer (pywebpush brings two HTTP clients along), or come without
a wheel (http-ece). What they do is two derived keys and one AES-GCM record; `cryptography` does these.
"""

import asyncio
import base64
import json
import os
import time
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from server.services.pushing import DONE, Push

LIMIT_S = 10.0
_RECORD_BYTES = 4_096
_SIGNED_FOR_S = 12 * 3_600
_CURVE = ec.SECP256R1()
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_OK = range(200, 300)


class PushSender:
    """Sends as this server. secret: 32 bytes, always the same. contact: our own origin."""

    def __init__(self, secret: bytes, contact: str) -> None:
        self._key = ec.derive_private_key(int.from_bytes(secret) % (_ORDER - 1) + 1, _CURVE)
        self._contact = contact
        self.public_key = encode(_point(self._key.public_key()))

    async def send(self, push: Push, limit_s: float = LIMIT_S) -> str:
        """Returns `done`, `http_N`, `late`, `unreachable`, or `bad_key` for keys that are none."""
        try:
            body = seal(
                json.dumps({"words": push.words, "path": push.path}).encode(),
                decode(push.address.p256dh),
                decode(push.address.auth),
            )
        except ValueError:
            return "bad_key"
        try:
            async with asyncio.timeout(limit_s):
                return await self._post(push, body)
        except TimeoutError:
            return "late"

    async def _post(self, push: Push, body: bytes) -> str:
        import httpx2  # few places push, and a server that starts again is waited for

        headers = {
            "authorization": f"vapid t={self._token(push.address.endpoint)}, k={self.public_key}",
            "content-encoding": "aes128gcm",
            "content-type": "application/octet-stream",
            "ttl": str(push.life_s),
            "topic": push.topic,
            "urgency": "high",
        }
        # What the answer says is not read: its status is all that counts.
        try:
            async with (
                httpx2.AsyncClient(follow_redirects=False, timeout=LIMIT_S) as client,
                client.stream("POST", push.address.endpoint, content=body, headers=headers) as got,
            ):
                return DONE if got.status_code in _OK else f"http_{got.status_code}"
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError):
            return "unreachable"

    def _token(self, endpoint: str) -> str:
        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int(time.time()) + _SIGNED_FOR_S,
            "sub": self._contact,
        }
        said = f"{_part({'typ': 'JWT', 'alg': 'ES256'})}.{_part(claims)}"
        r, s = decode_dss_signature(self._key.sign(said.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{said}.{encode(r.to_bytes(32) + s.to_bytes(32))}"


def seal(
    text: bytes,
    receiver: bytes,
    auth: bytes,
    *,
    key: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """One aes128gcm record that only this browser can open (RFC 8291, RFC 8188).

    receiver: its public key, uncompressed; auth: its 16 secret bytes. key and salt: made anew unless a
    test gives them. Raises ValueError for a key that is none.
    """
    key, salt = key or ec.generate_private_key(_CURVE), salt or os.urandom(16)
    sender = _point(key.public_key())
    shared = key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, receiver))
    both = _derive(auth, shared, b"WebPush: info\x00" + receiver + sender, 32)
    content_key = _derive(salt, both, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _derive(salt, both, b"Content-Encoding: nonce\x00", 12)
    head = salt + _RECORD_BYTES.to_bytes(4) + len(sender).to_bytes(1) + sender
    return head + AESGCM(content_key).encrypt(nonce, text + b"\x02", None)


def encode(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode(text: str) -> bytes:
    """The bytes of it, padded or not. Raises ValueError."""
    return base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))


def _derive(salt: bytes, secret: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, purpose).derive(secret)


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _part(content: dict[str, object]) -> str:
    return encode(json.dumps(content, separators=(",", ":")).encode())
