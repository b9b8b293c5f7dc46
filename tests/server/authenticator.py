"""A passkey in software: what a phone or a security key does, so that a test can also do it wrong."""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from server.ids import new_token

_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40


def text(content: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def plain(encoded: str) -> bytes:
    """What it stands for."""
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))


@dataclass(slots=True)
class Authenticator:
    """One key pair. origin: of the page it is used on; count: how often it has signed."""

    origin: str
    count: int = 0
    verifies: bool = True
    """Whether it asks for a finger or a number."""
    owner: UUID | None = None
    _key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    id: bytes = field(default_factory=lambda: new_token().encode()[:32])

    def make(self, asked: dict[str, Any], name: str = "My phone", **wrong: Any) -> dict[str, Any]:
        """The answer to what is asked for a new passkey. wrong: origin, rp_id or type of another."""
        self.owner = UUID(bytes=plain(asked["user_id"]))
        client_data = self._client_data("webauthn.create", asked["challenge"], wrong)
        numbers = self._key.public_key().public_numbers()
        point = {
            1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32),
        }  # fmt: skip
        credential = bytes(16) + len(self.id).to_bytes(2) + self.id + cbor2.dumps(point)
        data = self._data(wrong.get("rp_id", asked["rp_id"]), _ATTESTED) + credential
        return {
            "name": name,
            "credential_id": text(self.id),
            "client_data": text(client_data),
            "attestation": text(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})),
        }

    def sign(self, asked: dict[str, Any], **wrong: Any) -> dict[str, Any]:
        """The answer to what is asked to be signed. wrong: origin, rp_id, type, owner or count of another."""
        self.count += 1
        client_data = self._client_data("webauthn.get", asked["challenge"], wrong)
        data = self._data(wrong.get("rp_id", asked["rp_id"]), 0, wrong.get("count"))
        signed = data + hashlib.sha256(client_data).digest()
        owner = wrong.get("owner", self.owner)
        return {
            "credential_id": text(self.id),
            "client_data": text(client_data),
            "authenticator_data": text(data),
            "signature": text(self._key.sign(signed, ec.ECDSA(SHA256()))),
            "user_handle": text(owner.bytes) if owner else None,
        }

    def _client_data(self, kind: str, challenge: str, wrong: dict[str, Any]) -> bytes:
        said = {
            "type": wrong.get("type", kind),
            "challenge": challenge,
            "origin": wrong.get("origin", self.origin),
            "crossOrigin": False,
        }
        return json.dumps(said).encode()

    def _data(self, rp_id: str, flags: int, count: int | None = None) -> bytes:
        flags |= _PRESENT | (_VERIFIED if self.verifies else 0)
        counted = self.count if count is None else count
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + counted.to_bytes(4)
