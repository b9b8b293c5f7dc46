"""Queries about ways to log in: passkeys and what they are asked to sign, codes, and links to come back by."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import col, delete, func, select

from server.store.sealing import Spot, Unreadable
from server.store.tables import (
    Challenge,
    CodeApp,
    Passkey,
    RecoveryCode,
    RecoveryLink,
    Session,
)
from server.store.work import Work


def passkeys_of(work: Work, member_id: UUID) -> Sequence[Passkey]:
    """A member's passkeys, the oldest first."""
    query = select(Passkey).where(Passkey.member_id == member_id)
    return work.session.exec(query.order_by(col(Passkey.made_at), col(Passkey.id))).all()


def find_passkey(work: Work, passkey_id: UUID) -> Passkey | None:
    """One, whoever's it is; locked until the commit where the engine locks rows."""
    return work.session.get(Passkey, passkey_id, with_for_update=True, populate_existing=True)


def find_credential(work: Work, credential_id: bytes) -> Passkey | None:
    """The one that answers under this id."""
    query = select(Passkey).where(Passkey.credential_id == credential_id)
    return work.session.exec(query).first()


def add_passkey(work: Work, passkey: Passkey, name: str) -> None:
    """Keep it under the name its owner gave it."""
    passkey.sealed = work.sealer.seal(passkey.member_id, name, _spot(passkey))
    work.session.add(passkey)
    work.session.flush()


def rename(work: Work, passkey: Passkey, name: str) -> None:
    """Another name."""
    add_passkey(work, passkey, name)


def name_of(work: Work, passkey: Passkey) -> str:
    """How its owner calls it; empty where that can no longer be read."""
    return work.sealer.opened(passkey.member_id, passkey.sealed, _spot(passkey)) or ""


def remove_passkey(work: Work, passkey: Passkey) -> None:
    """It opens nothing any more."""
    work.session.delete(passkey)
    work.session.flush()


def add_challenge(work: Work, challenge: Challenge) -> None:
    """Keep one; those that are over go."""
    work.session.exec(delete(Challenge).where(col(Challenge.until) <= work.now))
    work.session.add(challenge)
    work.session.flush()


def take_challenge(work: Work, digest: bytes, purpose: str, member_id: UUID | None) -> bool:
    """Whether this was asked, of this member, and may still be answered. It is gone by that."""
    query = select(Challenge).where(Challenge.digest == digest).with_for_update()
    found = work.session.exec(query).first()
    if found is None:
        return False
    work.session.delete(found)
    work.session.flush()
    is_theirs = (found.purpose, found.member_id) == (purpose, member_id)
    return is_theirs and found.until > work.now


def find_app(work: Work, member_id: UUID) -> CodeApp | None:
    """A member's app for codes, confirmed or only begun; locked where the engine locks rows."""
    query = select(CodeApp).where(CodeApp.member_id == member_id)
    return work.session.exec(
        query.with_for_update().execution_options(populate_existing=True)
    ).first()


def has_app(work: Work, member_id: UUID) -> bool:
    """Whether their app was confirmed."""
    query = select(CodeApp.member_id).where(
        CodeApp.member_id == member_id, col(CodeApp.confirmed_at).is_not(None)
    )
    return work.session.exec(query).first() is not None


def has_passkey(work: Work, member_id: UUID) -> bool:
    """Whether there is any."""
    query = select(Passkey.id).where(Passkey.member_id == member_id)
    return work.session.exec(query).first() is not None


def put_app(work: Work, app: CodeApp, secret: bytes) -> None:
    """Keep the secret, sealed."""
    app.sealed = work.sealer.seal_bytes(app.member_id, secret, _spot_of_app(app.member_id))
    work.session.add(app)
    work.session.flush()


def secret_of(work: Work, app: CodeApp) -> bytes | None:
    """What the app and we share; None where it can no longer be read."""
    try:
        return work.sealer.open_bytes(app.member_id, app.sealed, _spot_of_app(app.member_id))
    except Unreadable:
        return None


def remove_app(work: Work, member_id: UUID) -> None:
    """Codes from it are not taken any more."""
    work.session.exec(delete(CodeApp).where(col(CodeApp.member_id) == member_id))


def put_codes(work: Work, member_id: UUID, digests: Sequence[bytes]) -> None:
    """These, and none of those before."""
    remove_codes(work, member_id)
    for digest in digests:
        work.session.add(RecoveryCode(member_id=member_id, digest=digest, made_at=work.now))
    work.session.flush()


def remove_codes(work: Work, member_id: UUID) -> None:
    """None is left."""
    work.session.exec(delete(RecoveryCode).where(col(RecoveryCode.member_id) == member_id))


def count_codes(work: Work, member_id: UUID) -> int:
    """Recovery codes that were not used yet."""
    query = select(func.count(col(RecoveryCode.id))).where(
        RecoveryCode.member_id == member_id, col(RecoveryCode.used_at).is_(None)
    )
    return work.session.exec(query).one()


def take_code(work: Work, member_id: UUID, digest: bytes) -> bool:
    """Whether this is one of theirs that was not used yet; it is used by that."""
    query = select(RecoveryCode).where(
        RecoveryCode.member_id == member_id,
        RecoveryCode.digest == digest,
        col(RecoveryCode.used_at).is_(None),
    )
    found = work.session.exec(query.with_for_update()).first()
    if found is None:
        return False
    found.used_at = work.now
    work.session.add(found)
    work.session.flush()
    return True


def add_link(work: Work, link: RecoveryLink) -> None:
    """One that opens; those before it do not any more."""
    for other in work.session.exec(
        select(RecoveryLink).where(RecoveryLink.member_id == link.member_id)
    ):
        other.until = min(other.until, work.now)
        work.session.add(other)
    work.session.add(link)
    work.session.flush()


def take_link(work: Work, digest: bytes) -> RecoveryLink | None:
    """The link, if it still opens; it is used by that."""
    query = select(RecoveryLink).where(
        RecoveryLink.digest == digest,
        col(RecoveryLink.used_at).is_(None),
        RecoveryLink.until > work.now,
    )
    found = work.session.exec(query.with_for_update()).first()
    if found:
        found.used_at = work.now
        work.session.add(found)
        work.session.flush()
    return found


def tokens(work: Work) -> Sequence[Session]:
    """Tokens of programs that still stand, the newest first."""
    query = select(Session).where(
        Session.kind == "token", col(Session.ended_at).is_(None), Session.expires_at > work.now
    )
    return work.session.exec(query.order_by(col(Session.created_at).desc())).all()


def session_proved_at(work: Work, session_id: UUID) -> datetime | None:
    """When it was last proved who uses this session."""
    found: Any = work.session.exec(
        select(Session.proved_at).where(Session.id == session_id)
    ).first()
    return found  # type: ignore[no-any-return]


def note_proved(work: Work, session_id: UUID) -> None:
    """It was proved just now."""
    session = work.session.get(Session, session_id)
    if session:
        session.proved_at = work.now
        work.session.add(session)


def _spot(passkey: Passkey) -> Spot:
    return Spot("passkey", "sealed", passkey.id, None)


def _spot_of_app(member_id: UUID) -> Spot:
    return Spot("code_app", "sealed", member_id, None)
