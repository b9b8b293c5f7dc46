"""Queries of Web Push, and the sealing of a browser's address under its owner's key."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlmodel import col, delete, func, select, update

from server.store.sealing import Spot, Unreadable
from server.store.tables import Case, Member, Notice, PushCall, PushDevice, PushNews, PushState
from server.store.work import Work

Waiting = tuple[PushCall, PushDevice, Member, Case | None, Notice | None]


class Address(NamedTuple):
    """Where a browser is reached, and its keys, as base64url."""

    endpoint: str
    p256dh: str
    auth: str


def is_on(work: Work) -> bool:
    """Whether a steward turned it on."""
    return bool(work.session.exec(select(PushState.is_on)).first())


def find_state(work: Work) -> PushState:
    """The one row, or what it is before there is one."""
    query = select(PushState).execution_options(populate_existing=True)
    return work.session.exec(query).first() or PushState()


def switch(work: Work, *, on: bool) -> None:
    """On or off. Off: what waits is not sent any more."""
    state = find_state(work)
    state.is_on = on
    work.session.add(state)
    if not on:
        work.session.exec(delete(PushCall))


# --- browsers ---


def add_device(work: Work, device: PushDevice, address: Address) -> PushDevice:
    """Keep a browser; one that is known already changes its owner and its keys."""
    device.mark = mark(work, address.endpoint)
    known = work.session.exec(select(PushDevice).where(PushDevice.mark == device.mark)).first()
    if known:
        drop_device(work, known.id)
    device.sealed = work.sealer.seal(
        device.member_id, orjson.dumps(list(address)).decode(), _spot(device)
    )
    work.session.add(device)
    work.session.flush()
    return device


def mark(work: Work, endpoint: str) -> bytes:
    """By which an address is known again; useless without the key file."""
    return work.sealer.fingerprint("push", endpoint)


def open_address(work: Work, device: PushDevice) -> Address | None:
    """Where it is reached; None when its owner's key is gone."""
    try:
        return Address(
            *orjson.loads(work.sealer.open(device.member_id, device.sealed, _spot(device)))
        )
    except Unreadable:
        return None


def devices_of(work: Work, member_ids: Collection[UUID]) -> Sequence[PushDevice]:
    """The browsers of some members, oldest first."""
    query = select(PushDevice).where(col(PushDevice.member_id).in_(member_ids))
    return work.session.exec(query.order_by(col(PushDevice.made_at), col(PushDevice.id))).all()


def find_device(work: Work, member_id: UUID, device_id: UUID) -> PushDevice | None:
    """One of somebody's own."""
    query = select(PushDevice).where(PushDevice.id == device_id, PushDevice.member_id == member_id)
    return work.session.exec(query).first()


def drop_device(work: Work, device_id: UUID) -> None:
    """Nothing is sent there any more."""
    work.session.exec(delete(PushCall).where(col(PushCall.device_id) == device_id))
    work.session.exec(delete(PushNews).where(col(PushNews.device_id) == device_id))
    work.session.exec(delete(PushDevice).where(col(PushDevice.id) == device_id))


def count_devices(work: Work) -> int:
    """How many browsers of staff asked for it."""
    query = select(func.count()).select_from(PushDevice)
    return work.session.exec(
        query.join(Member, col(Member.id) == PushDevice.member_id).where(Member.state == "active")
    ).one()


# --- what is to be sent ---


def waiting(work: Work, limit: int) -> Sequence[Waiting]:
    """What is due, oldest first, and what it is about."""
    query: Any = (
        select(PushCall, PushDevice, Member, Case, Notice)  # type: ignore[call-overload]
        .join(PushDevice, col(PushDevice.id) == PushCall.device_id)
        .join(Member, col(Member.id) == PushDevice.member_id)
        .outerjoin(Case, col(Case.id) == PushCall.case_id)
        .outerjoin(Notice, col(Notice.id) == PushCall.notice_id)
        .where(PushCall.due_at <= work.now)
        .order_by(col(PushCall.due_at), col(PushCall.id))
        .limit(limit)
    )
    return list(work.session.exec(query))


def count_waiting(work: Work) -> int:
    """How many messages are still to be sent."""
    return work.session.exec(select(func.count()).select_from(PushCall)).one()


def find_call(work: Work, call_id: UUID) -> PushCall | None:
    """One that is still to be sent."""
    return work.session.get(PushCall, call_id)


def write_down(work: Work, outcome: str, **counts: int) -> None:
    """How a try ended; counts: how much to add to which column."""
    state = find_state(work)
    work.session.add(state)
    work.session.flush()
    values = {name: getattr(PushState, name) + more for name, more in counts.items()}
    query = update(PushState).values(last_outcome=outcome, last_at=work.now, **values)
    work.session.exec(query.execution_options(synchronize_session=False))


def newest_outcome(work: Work) -> tuple[bool, int, int, str | None, datetime | None]:
    """For `hearth doctor`: whether it is on, how many were sent and failed, and how the newest ended."""
    state = find_state(work)
    return state.is_on, state.sent, state.failed, state.last_outcome, state.last_at


def _spot(device: PushDevice) -> Spot:
    return Spot("push_device", "sealed", device.id, None)
