"""Passkeys: a device signs what we ask once. What the browser answered is read here, and nowhere else.

A challenge is taken in a unit of work of its own, before its answer is looked at: it is gone also when
the answer was wrong.
"""

import base64
import ipaddress
import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

from server.access import Actor, check
from server.errors import NotNow, WrongPasskey
from server.ids import digest
from server.protocol import ways as wire
from server.services import second_step, way_words
from server.settings import Settings
from server.store import audit, people, ways
from server.store.place import get_place
from server.store.tables import Challenge, Member, Passkey
from server.store.work import Work

Purpose = Literal["add", "prove", "log_in"]

_LIFE: Final = timedelta(minutes=5)
_TIMEOUT_MS: Final = 300_000
_MOST: Final = 20
"""Devices of one member."""
_ALGORITHMS: Final = (-8, -7, -257)
"""EdDSA, ES256 and RS256, as COSE numbers them (RFC 9053)."""


@dataclass(frozen=True, slots=True)
class Party:
    """Whom a passkey trusts: this name (the relying party's id), on pages of this origin."""

    id: str
    origin: str
    why_not: wire.WhyNoPasskeys | None


def party_of(settings: Settings) -> Party:
    """By the public address. Browsers want TLS or localhost, and a name."""
    host = urlsplit(settings.origin).hostname or ""
    why_not: wire.WhyNoPasskeys | None = None
    if _is_bare(host):
        why_not = "needs_name"
    elif not settings.is_https and host != "localhost":
        why_not = "needs_tls"
    return Party(host, settings.origin, why_not)


class NewKey(NamedTuple):
    """A passkey that answered as it was asked."""

    credential_id: bytes
    public_key: bytes
    sign_count: int


class Known(NamedTuple):
    """What is needed to check a signature."""

    passkey_id: UUID
    member_id: UUID
    public_key: bytes
    sign_count: int


def ask_new(work: Work, actor: Actor, party: Party) -> wire.PasskeyAsked:
    """What a device is asked for a new passkey. Raises NotNow."""
    check(actor, "way.change")
    mine = ways.passkeys_of(work, actor.id)
    if len(mine) >= _MOST:
        raise NotNow(f"You have {_MOST} passkeys. Please remove one first.")
    return wire.PasskeyAsked(
        challenge=_challenge(work, party, "add", actor.id),
        rp_id=party.id,
        rp_name=get_place(work).name,
        user_id=_text(actor.id.bytes),
        user_name=actor.name,
        exclude=[_text(one.credential_id) for one in mine],
        algorithms=list(_ALGORITHMS),
        timeout_ms=_TIMEOUT_MS,
    )


def ask_signature(
    work: Work, purpose: Purpose, party: Party, member_id: UUID | None = None
) -> wire.SignatureAsked:
    """What a device is asked to sign. member_id: whose passkeys; None: whoever's. Raises NotNow."""
    mine = ways.passkeys_of(work, member_id) if member_id else []
    return wire.SignatureAsked(
        challenge=_challenge(work, party, purpose, member_id),
        rp_id=party.id,
        allow=[_text(one.credential_id) for one in mine],
        timeout_ms=_TIMEOUT_MS,
    )


def take(work: Work, client_data: str, purpose: Purpose, member_id: UUID | None) -> bytes | None:
    """The challenge that is answered, gone from now on; None where nobody asked that, or it is over."""
    challenge = _challenge_in(client_data)
    is_open = ways.take_challenge(work, digest(_text(challenge)), purpose, member_id)
    return challenge if is_open else None


def check_new(party: Party, challenge: bytes | None, given: wire.NewPasskey) -> NewKey:
    """Takes milliseconds, and much longer the first time: not on the event loop. Raises WrongPasskey."""
    import webauthn  # a server that starts again is waited for, and needs it seldom
    from webauthn.helpers import structs
    from webauthn.helpers.cose import COSEAlgorithmIdentifier

    if challenge is None:
        raise WrongPasskey
    raw_id = _bytes(given.credential_id)
    answer = structs.AuthenticatorAttestationResponse(
        _bytes(given.client_data), _bytes(given.attestation)
    )
    try:
        found = webauthn.verify_registration_response(
            credential=structs.RegistrationCredential(given.credential_id, raw_id, answer),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
            supported_pub_key_algs=[COSEAlgorithmIdentifier(one) for one in _ALGORITHMS],
        )
    except Exception:  # bytes of strangers, read by several libraries: whatever they find wrong
        raise WrongPasskey from None
    return NewKey(found.credential_id, found.credential_public_key, found.sign_count)


def check_signature(
    party: Party, challenge: bytes | None, known: Known | None, given: wire.Signature
) -> int:
    """The counter that the device has signed. Not on the event loop. Raises WrongPasskey."""
    import webauthn  # as above
    from webauthn.helpers import structs

    if challenge is None or known is None:
        raise WrongPasskey
    if given.user_handle is not None and _bytes(given.user_handle) != known.member_id.bytes:
        raise WrongPasskey
    answer = structs.AuthenticatorAssertionResponse(
        _bytes(given.client_data), _bytes(given.authenticator_data), _bytes(given.signature)
    )
    raw_id = _bytes(given.credential_id)
    try:
        found = webauthn.verify_authentication_response(
            credential=structs.AuthenticationCredential(given.credential_id, raw_id, answer),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=known.public_key,
            credential_current_sign_count=known.sign_count,
            require_user_verification=True,
        )
    except Exception:  # bytes of strangers, read by several libraries: whatever they find wrong
        raise WrongPasskey from None
    return found.new_sign_count


def find(work: Work, credential_id: str) -> Known | None:
    """The passkey that answers under this id, whoever's it is."""
    found = ways.find_credential(work, _bytes(credential_id))
    if found is None:
        return None
    return Known(found.id, found.member_id, found.public_key, found.sign_count)


def add(work: Work, actor: Actor, key: NewKey, name: str, language: str) -> list[str] | None:
    """Keep it. Returns ten recovery codes where they are the actor's first. Raises NotNow where it is known."""
    check(actor, "way.change")
    if ways.find_credential(work, key.credential_id):
        raise NotNow("This passkey is here already.")
    row = Passkey(
        member_id=actor.id,
        credential_id=key.credential_id,
        public_key=key.public_key,
        sign_count=key.sign_count,
        sealed=b"",
        made_at=work.now,
    )
    ways.add_passkey(work, row, name)
    codes = None
    if second_step.is_staff(actor.role) and not ways.count_codes(work, actor.id):
        codes = second_step.make_codes(work, actor.id)
    way_words.tell(work, actor.id, "passkey_added", language)
    audit.append(work, actor.id, "way.passkey.add", row.id)
    return codes


def note_used(work: Work, known: Known, sign_count: int) -> Member:
    """Its counter goes on. Raises WrongPasskey where it is gone, or answered elsewhere meanwhile."""
    row = ways.find_passkey(work, known.passkey_id)
    member = people.find_member(work, known.member_id)
    if row is None or member is None or row.sign_count != known.sign_count:
        raise WrongPasskey
    row.sign_count, row.used_at = sign_count, work.now
    work.session.add(row)
    return member


def _challenge(work: Work, party: Party, purpose: Purpose, member_id: UUID | None) -> str:
    if party.why_not:
        raise NotNow(_WHY_NOT[party.why_not])
    challenge = _text(secrets.token_bytes(32))
    ways.add_challenge(
        work,
        Challenge(
            digest=digest(challenge),
            purpose=purpose,
            member_id=member_id,
            until=work.now + _LIFE,
        ),
    )
    return challenge


_WHY_NOT: Final[dict[wire.WhyNoPasskeys, str]] = {
    "needs_tls": "Passkeys need an encrypted connection: this place must be reached by https:// for them.",
    "needs_name": "Passkeys need a name: this place must be reached by one, not by a bare number.",
}


def _challenge_in(client_data: str) -> bytes:
    """Raises WrongPasskey for what no browser says."""
    try:
        said: Any = json.loads(_bytes(client_data))
        return _bytes(said["challenge"])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise WrongPasskey from None


def _is_bare(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    """Raises WrongPasskey for what is not base64url."""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, TypeError):
        raise WrongPasskey from None
