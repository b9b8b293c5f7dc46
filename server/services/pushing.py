"""Web Push to staff: who is called on which browser, and what became of it. No content ever leaves here.

A message is a row until it was taken by the browser's push service, or helps nobody any more: a crash
in between sends it twice, which shows once. It is planned in the transaction of its cause, and sent
outside of any.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

from moderation.ladder import REPEAT_EVERY, Rung
from server.access import Actor, Role, check
from server.errors import BadFrame, NotFound, NotNow
from server.protocol import push as wire
from server.services.seats import STAFF_SEATS
from server.settings import Settings
from server.store import audit, away, guard, place, push
from server.store.push import Address
from server.store.tables import Case, Member, Notice, PushCall, PushDevice
from server.store.work import Work

CALL = "Somebody may need you"
NEWS = "There is something new for you"
TEST = "This is how a call looks"
DONE, STALE = "done", "stale"
MAKERS = (
    ("Google: Chrome, Brave, Opera, Samsung", ("fcm.googleapis.com", "jmt17.google.com")),
    ("Mozilla: Firefox", ("push.services.mozilla.com",)),
    ("Apple: Safari, iPhone, iPad", ("push.apple.com",)),
    ("Microsoft: Edge", ("notify.windows.com",)),
)
"""Whose servers carry the calls. A host stands for those below it, too."""
GONE = frozenset({"http_404", "http_410"})
"""The browser is no longer there, which is no failure of ours."""
_TRY_AGAIN = frozenset({"late", "unreachable", "http_429"})
_TRIES = 4
_AGAIN_AFTER = timedelta(seconds=20)
_MOST_DEVICES = 10
_AT_ONCE = 50
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Push(NamedTuple):
    """One message on its way. topic: a newer one of the same topic takes its place."""

    call: UUID
    address: Address
    words: str
    path: str
    topic: str
    life_s: int


# --- for oneself ---


def read_mine(work: Work, actor: Actor, key: str) -> wire.MyPush:
    """Whether it is on here, and one's own browsers. key: the server's public key."""
    check(actor, "push.own")
    devices = [_body(work, device) for device in push.devices_of(work, [actor.id])]
    return wire.MyPush(on=_is_on_for(work, actor), key=key, devices=devices)


def add_device(
    work: Work, actor: Actor, new: wire.NewPushDevice, settings: Settings
) -> wire.PushDevice:
    """Call me on this browser.

    Raises NotNow while it is off, for an unknown push service, or with too many browsers; BadFrame
    for a time zone that does not exist.
    """
    check(actor, "push.own")
    if not _is_on_for(work, actor):
        raise NotNow("A steward has not turned this on.")
    if not is_push_service(new.endpoint, settings):
        raise NotNow("This browser uses a push service that this place does not know.")
    if _zone(new.time_zone) is None:
        raise BadFrame("There is no such time zone.")
    if len(push.devices_of(work, [actor.id])) >= _MOST_DEVICES:
        raise NotNow("These are too many browsers. Take one off first.")
    device = PushDevice(
        member_id=actor.id, mark=b"", sealed=b"", time_zone=new.time_zone, made_at=work.now
    )
    _set_quiet(device, new.quiet)
    push.add_device(work, device, Address(new.endpoint, new.p256dh, new.auth))
    return _body(work, device)


def change_device(
    work: Work, actor: Actor, device_id: UUID, patch: wire.PushDevicePatch
) -> wire.PushDevice:
    """Other quiet hours. Raises NotFound."""
    device = _get_own(work, actor, device_id)
    _set_quiet(device, patch.quiet)
    work.session.add(device)
    return _body(work, device)


def drop_device(work: Work, actor: Actor, device_id: UUID) -> None:
    """Not on this browser any more. Raises NotFound."""
    push.drop_device(work, _get_own(work, actor, device_id).id)


def plan_test(work: Work, actor: Actor) -> None:
    """A message to each of one's own browsers, at any hour. Raises NotNow when there is none."""
    check(actor, "push.own")
    devices = push.devices_of(work, [actor.id])
    if not _is_on_for(work, actor) or not devices:
        raise NotNow("No browser of yours is called yet.")
    _add_calls(work, devices)


# --- the steward's switch ---


def read_push(work: Work, actor: Actor, settings: Settings) -> wire.StewardPush:
    """The switch, whose servers, and how it went."""
    check(actor, "steward.push")
    return _steward_body(work, settings)


def change_push(
    work: Work, actor: Actor, patch: wire.StewardPushPatch, settings: Settings
) -> wire.StewardPush:
    """Turn it on or off for the whole place."""
    check(actor, "steward.push")
    push.switch(work, on=patch.on)
    work.session.flush()
    audit.append(work, actor.id, f"steward.push.{'on' if patch.on else 'off'}", None)
    return _steward_body(work, settings)


# --- calling ---


def plan(work: Work, case: Case, rung: Rung, called: Collection[UUID]) -> None:
    """A rung calls these: on their browsers, too. Who takes a short pause is left in it while another comes.

    Quiet hours hold until those on call are called: these may be woken then, or nobody would come.
    """
    if not called or not push.is_on(work):
        return
    on_call = set(place.get_place(work).on_call) if rung >= Rung.ON_CALL else set()
    resting = guard.paused(work, called)
    awake = [
        device
        for device in push.devices_of(work, called)
        if str(device.member_id) in on_call or not is_quiet(device, work.now)
    ]
    called_now = [one for one in awake if one.member_id not in resting] or awake
    _add_calls(work, called_now, case_id=case.id)


def plan_notice(work: Work, notice: Notice, until: datetime) -> None:
    """A notice that cannot wait until its receiver comes by, nor for an hour's turn.

    Of an emergency: whatever the hour, as those who may answer it have minutes. Of anything else: where
    members are called, and not in quiet hours.
    """
    calls = push.is_on(work) if _is_emergency(notice) else away.calls_members(work)
    if not calls:
        return
    devices = push.devices_of(work, [notice.member_id])
    awake = [one for one in devices if _is_emergency(notice) or not is_quiet(one, work.now)]
    _add_calls(work, awake, notice_id=notice.id, until=until)


def to_send(work: Work) -> tuple[list[Push], list[UUID]]:
    """What is due, and what helps nobody any more: somebody has come, or it is too old."""
    found: list[Push] = []
    stale: list[UUID] = []
    for call, device, member, case, notice in push.waiting(work, _AT_ONCE):
        address = push.open_address(work, device)
        if address is None or not _is_wanted(work.now, call, member, notice or case):
            stale.append(call.id)
            continue
        left_s = max(0, int((call.until - work.now).total_seconds()))
        words, path = _shown(case, notice)
        # A topic is shown to the push service: it must not tell one case from the next for long.
        about = str(call.notice_id or call.case_id)
        topic = work.sealer.fingerprint("push-topic", about).hex()[:32]
        found.append(Push(call.id, address, words, path, topic, left_s))
    return found, stale


def record(work: Work, call_id: UUID, outcome: str) -> None:
    """What became of a message: done, stale, or the code of a failure.

    A browser that is gone is forgotten; what may work later is tried again a few times.
    """
    call = push.find_call(work, call_id)
    if call is None:  # turned off meanwhile
        return
    if outcome == STALE:
        work.session.delete(call)
    elif outcome == DONE:
        work.session.delete(call)
        push.write_down(work, outcome, sent=1)
    elif outcome in GONE:
        push.drop_device(work, call.device_id)
        push.write_down(work, outcome, ended=1)
    elif may_work_later(outcome) and call.tries + 1 < _TRIES:
        call.tries += 1
        call.due_at = work.now + _AGAIN_AFTER * 2**call.tries
        work.session.add(call)
        push.write_down(work, outcome)
    else:
        work.session.delete(call)
        push.write_down(work, outcome, failed=1)


def is_push_service(endpoint: str, settings: Settings) -> bool:
    """Whether we may connect there: a known push service over HTTPS. We are nobody's way into a network.

    A loopback address with its port may stand in HEARTH_PUSH_HOSTS, for tests.
    """
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.username is not None or parts.password is not None:
        return False
    extra = extra_hosts(settings)
    if host in _LOOPBACK:
        return parts.netloc in extra
    known = [one for _, hosts in MAKERS for one in hosts] + extra
    is_known = any(host == one or host.endswith(f".{one}") for one in known)
    return parts.scheme == "https" and port in (None, 443) and is_known


def extra_hosts(settings: Settings) -> list[str]:
    """What the deployment adds to the browser makers."""
    return [host.strip() for host in settings.push_hosts.split(",") if host.strip()]


def is_quiet(device: PushDevice, now: datetime) -> bool:
    """Whether it is within its quiet hours. In doubt it is not."""
    zone = _zone(device.time_zone)
    if device.quiet_from is None or device.quiet_to is None or zone is None:
        return False
    local = now.astimezone(zone)
    minute = local.hour * 60 + local.minute
    if device.quiet_from <= device.quiet_to:
        return device.quiet_from <= minute < device.quiet_to
    return minute >= device.quiet_from or minute < device.quiet_to


def may_work_later(outcome: str) -> bool:
    """Whether a failure is worth another try."""
    return outcome in _TRY_AGAIN or outcome.startswith("http_5")


def _shown(case: Case | None, notice: Notice | None) -> tuple[str, str]:
    if notice:
        return (CALL, "/emergencies") if _is_emergency(notice) else (NEWS, "/notices")
    return (CALL, "/queue") if case else (TEST, "/settings")


def _is_emergency(notice: Notice) -> bool:
    return notice.kind == "emergency"


def _is_wanted(now: datetime, call: PushCall, member: Member, about: Case | Notice | None) -> bool:
    if now >= call.until or member.state != "active":
        return False
    if isinstance(about, Notice):
        return about.read_at is None
    if about is None:
        return call.case_id is None and call.notice_id is None
    return (
        member.role in STAFF_SEATS and about.open_key is not None and about.first_human_at is None
    )


def _add_calls(
    work: Work,
    devices: Iterable[PushDevice],
    *,
    case_id: UUID | None = None,
    notice_id: UUID | None = None,
    until: datetime | None = None,
) -> None:
    until = until or work.now + REPEAT_EVERY
    work.session.add_all(
        PushCall(
            device_id=device.id, case_id=case_id, notice_id=notice_id, due_at=work.now, until=until
        )
        for device in devices
    )


def _is_on_for(work: Work, actor: Actor) -> bool:
    """Staff are called for cases and emergencies, and like every member for what is new, where that is on."""
    is_staff = actor.role is not Role.PEER
    return (is_staff and push.is_on(work)) or away.calls_members(work)


def _get_own(work: Work, actor: Actor, device_id: UUID) -> PushDevice:
    check(actor, "push.own")
    device = push.find_device(work, actor.id, device_id)
    if device is None:
        raise NotFound
    return device


def _set_quiet(device: PushDevice, quiet: wire.QuietHours | None) -> None:
    device.quiet_from = quiet.start if quiet else None
    device.quiet_to = quiet.end if quiet else None


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return None


def _body(work: Work, device: PushDevice) -> wire.PushDevice:
    address = push.open_address(work, device)
    quiet = None
    if device.quiet_from is not None and device.quiet_to is not None:
        quiet = wire.QuietHours(start=device.quiet_from, end=device.quiet_to)
    return wire.PushDevice(
        id=device.id,
        service=urlsplit(address.endpoint).hostname or "" if address else "",
        made_at=device.made_at,
        time_zone=device.time_zone,
        quiet=quiet,
    )


def _steward_body(work: Work, settings: Settings) -> wire.StewardPush:
    state = push.find_state(work)
    makers = [wire.PushMaker(name=name, hosts=list(hosts)) for name, hosts in MAKERS]
    if extra := extra_hosts(settings):
        makers.append(wire.PushMaker(name="HEARTH_PUSH_HOSTS", hosts=extra))
    return wire.StewardPush(
        on=state.is_on,
        makers=makers,
        devices=push.count_devices(work),
        waiting=push.count_waiting(work),
        sent=state.sent,
        failed=state.failed,
        ended=state.ended,
        last_outcome=state.last_outcome,
        last_at=state.last_at,
    )
