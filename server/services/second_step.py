"""The second step of logging in: a passkey, or codes from an app, with ten recovery codes. Staff must have one."""

import base64
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from urllib.parse import quote
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from server.access import Actor, Role, check
from server.errors import CodeNeeded, NotNow, WrongCode
from server.ids import digest, new_code, read_code
from server.protocol import ways as wire
from server.services import way_words
from server.store import audit, ways
from server.store.place import get_place
from server.store.tables import CodeApp, Member
from server.store.work import Work

GRACE: Final = timedelta(days=7)
"""To set it up, after becoming staff."""
_STAFF: Final = frozenset({Role.MODERATOR, Role.CLINICIAN, Role.STEWARD})
_CODES: Final = 10
_SECRET_BYTES: Final = 20
_STEP_S: Final = 30
_DIGITS: Final = 6
_EDGE: Final = 4
"""ISO/IEC 18004: so much light around, or cameras do not find it."""
_DRIFT: Final = 1
"""A phone's clock may be half a minute off."""


class Begun(NamedTuple):
    """What an app is told: the secret in letters, and the same as an address."""

    letters: str
    address: str


def is_staff(role: str) -> bool:
    """Whether this role must have one."""
    return role in _STAFF


def has_any(work: Work, member_id: UUID) -> bool:
    """A passkey, or an app whose codes count."""
    return ways.has_passkey(work, member_id) or ways.has_app(work, member_id)


def asks_code(work: Work, member: Member) -> bool:
    """Whether a passphrase alone does not let them in."""
    if ways.has_app(work, member.id):
        return True
    return is_staff(member.role) and ways.has_passkey(work, member.id)


def due(work: Work, member: Member) -> datetime | None:
    """Until when staff have to set one up; None where nothing is missing."""
    if not is_staff(member.role) or has_any(work, member.id):
        return None
    return (member.staff_since or member.joined_at) + GRACE


def is_overdue(work: Work, member_id: UUID, role: str, staff_since: datetime) -> bool:
    """Whether staff had their days and still have none."""
    if not is_staff(role) or work.now < staff_since + GRACE:
        return False
    return not has_any(work, member_id)


def check_code(work: Work, member: Member, code: str | None, language: str) -> None:
    """What the app shows now, or a recovery code: each is taken once. Raises CodeNeeded, WrongCode."""
    if not asks_code(work, member):
        return
    if code is None:
        raise CodeNeeded
    if _takes_app_code(work, member.id, code):
        return
    if not ways.take_code(work, member.id, digest(read_code(code))):
        raise WrongCode
    audit.append(work, member.id, "way.code.use", member.id)
    way_words.tell(work, member.id, "code_used", language, left=ways.count_codes(work, member.id))


def begin_app(work: Work, actor: Actor) -> Begun:
    """A new secret to share with an app. Until a code was shown, nothing changes. Raises NotNow."""
    check(actor, "way.change")
    app = ways.find_app(work, actor.id)
    if app and app.confirmed_at:
        raise NotNow("Codes from an app are set up already. Remove that first.")
    secret = secrets.token_bytes(_SECRET_BYTES)
    app = app or CodeApp(member_id=actor.id, sealed=b"", made_at=work.now)
    app.made_at = work.now
    ways.put_app(work, app, secret)
    return Begun(_letters(secret), _address(secret, get_place(work).name, actor.name))


def picture_of(begun: Begun) -> wire.CodeAppBegun:
    """With a QR code of the address, as SVG. Slow the first time: not on the event loop, nor in a verb."""
    import segno  # a server that starts again is waited for, and needs it seldom

    rows = [*segno.make(begun.address, error="m", micro=False).matrix_iter(border=_EDGE)]
    picture = "".join(
        f"M{x} {y}h1v1h-1z"
        for y, row in enumerate(rows)
        for x, is_dark in enumerate(row)
        if is_dark
    )
    return wire.CodeAppBegun(
        letters=begun.letters, address=begun.address, picture=picture, size=len(rows)
    )


def confirm_app(work: Work, actor: Actor, code: str, language: str) -> list[str]:
    """From now on codes are asked for. Returns ten recovery codes. Raises WrongCode, NotNow."""
    check(actor, "way.change")
    app = ways.find_app(work, actor.id)
    if app is None or app.confirmed_at:
        raise NotNow("Please begin again: show the app a new picture.")
    if not _takes(work, app, code):
        raise WrongCode
    app.confirmed_at = work.now
    work.session.add(app)
    codes = make_codes(work, actor.id)
    way_words.tell(work, actor.id, "app_added", language)
    audit.append(work, actor.id, "way.app.add", actor.id)
    return codes


def remove_app(work: Work, actor: Actor, language: str) -> None:
    """Codes from it are not asked for any more. Raises NotNow where staff would have no second step."""
    check(actor, "way.change")
    if not ways.has_app(work, actor.id):
        return
    if is_staff(actor.role) and not ways.has_passkey(work, actor.id):
        raise NotNow(LAST)
    ways.remove_app(work, actor.id)
    drop_idle_codes(work, actor.id, actor.role)
    way_words.tell(work, actor.id, "app_removed", language)
    audit.append(work, actor.id, "way.app.remove", actor.id)


LAST: Final = "Staff keep a second step: please set up another one first."


def make_codes(work: Work, member_id: UUID) -> list[str]:
    """Ten new ones; those before open nothing any more."""
    codes = [new_code() for _ in range(_CODES)]
    ways.put_codes(work, member_id, [digest(code) for code in codes])
    return codes


def drop_idle_codes(work: Work, member_id: UUID, role: str) -> None:
    """Where no code is asked for any more, none is kept."""
    if not ways.has_app(work, member_id) and not (
        is_staff(role) and ways.has_passkey(work, member_id)
    ):
        ways.remove_codes(work, member_id)


def _takes_app_code(work: Work, member_id: UUID, code: str) -> bool:
    app = ways.find_app(work, member_id)
    return app is not None and app.confirmed_at is not None and _takes(work, app, code)


def _takes(work: Work, app: CodeApp, code: str) -> bool:
    """Whether it is shown about now, and was not taken before."""
    digits, secret = code.replace(" ", ""), ways.secret_of(work, app)
    if secret is None or len(digits) != _DIGITS or not digits.isascii():
        return False
    now = int(work.now.timestamp()) // _STEP_S
    for step in range(now - _DRIFT, now + _DRIFT + 1):
        shown = _totp(secret).generate(step * _STEP_S)
        if step > app.last_step and hmac.compare_digest(shown, digits.encode()):
            app.last_step = step
            work.session.add(app)
            return True
    return False


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, _DIGITS, SHA1(), _STEP_S)  # noqa: S303 - what every app speaks (RFC 6238)


def _letters(secret: bytes) -> str:
    """In groups of four, to be typed."""
    plain = base64.b32encode(secret).decode()
    return " ".join(plain[start : start + 4] for start in range(0, len(plain), 4))


def _address(secret: bytes, place: str, name: str) -> str:
    plain = base64.b32encode(secret).decode()
    label = f"{quote(place, safe='')}:{quote(name, safe='')}"
    return f"otpauth://totp/{label}?secret={plain}&issuer={quote(place, safe='')}"
