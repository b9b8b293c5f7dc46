"""Web Push to members who are away: what each wants to be called for, and at most one call an hour and room.

The room is looked through from behind, where nobody waits: saying something costs nothing more. A call
holds no content, no name and no room. What was read meanwhile, taken back or hidden is not told.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from server.access import Actor, check
from server.errors import NotFound
from server.protocol import away as wire
from server.services import pushing
from server.services.pushing import Push
from server.store import audit, away, push, rooms
from server.store.tables import Member, Membership, Message, PushDevice, PushNews, Room, RoomHead
from server.store.work import Work

EVERY = timedelta(hours=1)
"""A room calls no more often."""
SOON = timedelta(minutes=1)
"""Whoever has the page open reads it in this time, and is not called."""
_GIVEN_UP_AFTER = timedelta(hours=12)
_LOOKED_AT, _AT_ONCE = 200, 50
_TRIES = 4
_AGAIN_AFTER = timedelta(seconds=20)


# --- for oneself ---


def read_wishes(work: Work, actor: Actor) -> wire.RoomWishes:
    """My rooms, and what I am called for in each."""
    check(actor, "push.own")
    chosen = away.wishes_of(work, actor.id)
    return wire.RoomWishes(
        rooms=[
            wire.RoomWish(room=room.id, name=room.name, wish=_wish(chosen, room.id))
            for room in away.rooms_of(work, actor.id)
        ]
    )


def change_wish(work: Work, actor: Actor, room_id: UUID, wish: wire.Wish) -> wire.RoomWishes:
    """Another choice. Raises NotFound for a room the actor does not sit in."""
    check(actor, "push.own")
    if rooms.find_seat(work, room_id, actor.id) is None:
        raise NotFound
    away.wish(work, actor.id, room_id, wish)
    work.session.flush()
    return read_wishes(work, actor)


# --- the steward's choices ---


def read_state(work: Work, actor: Actor) -> wire.StewardAway:
    """What is chosen."""
    check(actor, "steward.away")
    return _body(work)


def change_state(work: Work, actor: Actor, patch: wire.StewardAwayPatch) -> wire.StewardAway:
    """Choose anew. Off: what waits is not sent any more."""
    check(actor, "steward.away")
    state = away.find_state(work)
    state.members_called = patch.members_called
    state.plain_name, state.leave_to = patch.plain_name, patch.leave_to
    work.session.add(state)
    if not patch.members_called:
        away.forget_news(work)
    work.session.flush()
    audit.append(work, actor.id, f"steward.away.{'on' if patch.members_called else 'off'}", None)
    return _body(work)


def name_of_app(work: Work) -> str | None:
    """What a steward wants it to be called on a home screen."""
    return away.find_state(work).plain_name


def way_out(work: Work) -> str | None:
    """Where "Leave" leads, when a steward chose."""
    return away.find_state(work).leave_to


# --- looking through ---


def is_anything_new(work: Work) -> bool:
    """Whether `look_through` would find something."""
    return away.calls_members(work) and away.is_anything_new(work)


def look_through(work: Work) -> None:
    """What is new for whom, a part of it at a time."""
    if not away.calls_members(work):
        return
    _begin(work)
    for news, device, seat, head in away.rooms_with_more(work, _LOOKED_AT):
        found = _newest_wanted(work, news, device, seat)
        news.looked_seq = head.seq
        if found is not None:
            news.about_seq = found.seq or 0
            _plan(work, news, device)
        work.session.add(news)
    for news, device, newest in away.notices_with_more(work, _LOOKED_AT):
        news.looked_at = newest
        _plan(work, news, device)


def _begin(work: Work) -> None:
    """New browsers and new seats are told what comes from now on; of a private conversation, everything."""
    for device, _, room, head in away.seats_never_looked_at(work, _LOOKED_AT):
        seq = _first_seq(device, room, head)
        work.session.add(PushNews(device_id=device.id, room_id=room.id, looked_seq=seq))
    for device in away.devices_never_looked_at(work, _LOOKED_AT):
        work.session.add(PushNews(device_id=device.id, looked_at=device.made_at))
    work.session.flush()


def _first_seq(device: PushDevice, room: Room, head: RoomHead) -> int:
    is_newer = room.kind == "conversation" and room.created_at >= device.made_at
    return 0 if is_newer else head.seq


def _newest_wanted(
    work: Work, news: PushNews, device: PushDevice, seat: Membership
) -> Message | None:
    """The newest message this member wants to be called for, and has not read."""
    room = rooms.find_room(work, seat.room_id)
    wish = _wish(away.wishes_of(work, device.member_id), seat.room_id)
    if wish == "nothing" or room is None:
        return None
    after = max(news.looked_seq, seat.read_seq)
    found = _heard(
        work, device.member_id, room, away.newest_messages(work, room.id, after, _LOOKED_AT)
    )
    if wish == "replies" and room.kind == "room":
        found = _replies_to(work, device.member_id, found)
    return next(iter(found), None)


def _heard(work: Work, member_id: UUID, room: Room, messages: Sequence[Message]) -> list[Message]:
    unheard = away.unheard_by(work, member_id) - away.keepers(work, room.id)
    return [
        message
        for message in messages
        if message.author_id != member_id and message.author_id not in unheard
    ]


def _replies_to(work: Work, member_id: UUID, messages: list[Message]) -> list[Message]:
    asked = [message.reply_to for message in messages if message.reply_to]
    authors = away.authors_of(work, asked)
    return [
        message
        for message in messages
        if message.reply_to and authors.get(message.reply_to) == member_id
    ]


def _plan(work: Work, news: PushNews, device: PushDevice) -> None:
    """One call for all that comes until it is due."""
    if news.due_at is None:
        soonest = work.now + SOON
        news.due_at = max(soonest, news.told_at + EVERY) if news.told_at else soonest
        news.due_at = after_quiet(device, news.due_at)
        news.tries = 0
    work.session.add(news)


def after_quiet(device: PushDevice, at: datetime) -> datetime:
    """The same time, or the end of the quiet hours it lies in."""
    if device.quiet_to is None or not pushing.is_quiet(device, at):
        return at
    local = at.astimezone(ZoneInfo(device.time_zone))
    end = local.replace(
        hour=device.quiet_to // 60, minute=device.quiet_to % 60, second=0, microsecond=0
    )
    return (end if end > local else end + timedelta(days=1)).astimezone(at.tzinfo)


# --- telling ---


def to_send(work: Work) -> tuple[list[Push], list[UUID]]:
    """What is due now, and what is not to be told, or not at this hour."""
    if not away.calls_members(work):
        return [], []
    found: list[Push] = []
    stale: list[UUID] = []
    for news, device, member, seat in away.due(work, _AT_ONCE):
        address = push.open_address(work, device)
        is_quiet = pushing.is_quiet(device, work.now)  # the hours may have changed since
        if address is None or is_quiet or not _is_wanted(work, news, member, seat):
            stale.append(news.id)
        else:
            # A topic is shown to the push service: it says which calls replace each other, and not more.
            topic = work.sealer.fingerprint("push-topic", str(news.id)).hex()[:32]
            life_s = int(_GIVEN_UP_AFTER.total_seconds())
            found.append(Push(news.id, address, pushing.NEWS, "/rooms", topic, life_s))
    return found, stale


def record(work: Work, news_id: UUID, outcome: str) -> None:
    """What became of a call: done, stale, or the code of a failure."""
    news = away.find_news(work, news_id)
    if news is None:  # turned off meanwhile
        return
    device = away.find_device(work, news)
    if outcome == pushing.STALE and device and pushing.is_quiet(device, work.now):
        news.due_at = after_quiet(device, work.now)
        work.session.add(news)
        return
    if outcome in pushing.GONE:
        push.drop_device(work, news.device_id)
        push.write_down(work, outcome, ended=1)
        return
    if outcome not in (pushing.DONE, pushing.STALE) and pushing.may_work_later(outcome):
        news.tries += 1
        if news.tries < _TRIES:
            news.due_at = work.now + _AGAIN_AFTER * 2**news.tries
            work.session.add(news)
            push.write_down(work, outcome)
            return
    _settle(work, news, outcome)


def _settle(work: Work, news: PushNews, outcome: str) -> None:
    news.due_at = None
    if outcome == pushing.DONE:
        news.told_at = work.now
        push.write_down(work, outcome, sent=1)
    elif outcome != pushing.STALE:
        push.write_down(work, outcome, failed=1)
    work.session.add(news)


def _is_wanted(work: Work, news: PushNews, member: Member, seat: Membership | None) -> bool:
    if member.state != "active" or news.due_at is None or work.now > news.due_at + _GIVEN_UP_AFTER:
        return False
    if news.room_id is None:
        return away.has_unread_notice(work, member.id)
    if seat is None or seat.read_seq >= news.about_seq:
        return False
    wish = _wish(away.wishes_of(work, member.id), seat.room_id)
    return wish != "nothing" and away.is_shown(work, seat.room_id, news.about_seq)


def _wish(chosen: dict[UUID, str], room_id: UUID) -> wire.Wish:
    found = chosen.get(room_id)
    return "all" if found == "all" else "nothing" if found == "nothing" else "replies"


def _body(work: Work) -> wire.StewardAway:
    state = away.find_state(work)
    return wire.StewardAway(
        members_called=state.members_called,
        plain_name=state.plain_name,
        leave_to=state.leave_to,
    )
