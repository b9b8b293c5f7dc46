"""Web Push to staff: sealed, without content, to those who are called, and honest about how it went."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from sqlmodel import select

from server.access import Actor, Role
from server.api.background import push_what_waits
from server.api.web_push import PushSender, decode, encode, seal
from server.cli import doctor
from server.errors import BadFrame, NotAllowed, NotFound, NotNow
from server.ids import new_id
from server.protocol import away as away_wire
from server.protocol import care, frames
from server.protocol import push as wire
from server.services import away, emergencies, guard, notices, pushing, seats
from server.settings import Settings, read_settings
from server.store import beside, people
from server.store import push as stored
from server.store.keys import KeyFile, KeyStore
from server.store.tables import PushCall, PushDevice
from server.store.work import Work
from tests.server.push_service import PushService, ReceivingBrowser, claims_of, open_push_service
from tests.server.store_fixture import House
from tests.server.test_ladder import Scene

ORIGIN = "https://hearth.example.org"
SENDER = PushSender(b"k" * 32, ORIGIN)


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    async with open_push_service() as running:
        yield running


class Called:
    """The scene of the ladder, with a push service and browsers of its staff."""

    def __init__(self, scene: Scene, service: PushService) -> None:
        self.scene, self.service = scene, service
        self.settings = read_settings({}, push_hosts=service.host)

    @property
    def house(self) -> House:
        return self.scene.house

    async def set(self) -> "Called":
        await self.scene.set()
        await self.switch(on=True)
        return self

    async def switch(self, *, on: bool) -> wire.StewardPush:
        patch = wire.StewardPushPatch(on=on)
        return await self.house.do(
            lambda work: pushing.change_push(work, self.scene.keeper, patch, self.settings)
        )

    async def state(self) -> wire.StewardPush:
        return await self.house.do(
            lambda work: pushing.read_push(work, self.scene.keeper, self.settings)
        )

    async def subscribe(
        self,
        actor: Actor,
        name: str,
        *,
        time_zone: str = "Europe/Dublin",
        quiet: wire.QuietHours | None = None,
    ) -> tuple[ReceivingBrowser, wire.PushDevice]:
        browser = ReceivingBrowser(self.service, name)
        new = browser.asks(time_zone, quiet)
        device = await self.house.do(
            lambda work: pushing.add_device(work, actor, new, self.settings)
        )
        return browser, device

    async def send(self) -> int:
        return await push_what_waits(self.house.database, SENDER)

    async def reached(self, **by: Any) -> list[str]:
        """Time passes, and what is due happens; the browsers that were called."""
        before = len(self.service.taken)
        await self.scene.pass_time(**by)
        await self.send()
        return sorted(taken.path.removeprefix("/to/") for taken in self.service.taken[before:])


@pytest.fixture
async def called(any_house: House, service: PushService) -> Called:
    return await Called(Scene(any_house), service).set()


def test_sealing_is_that_of_the_standard() -> None:
    """The example of RFC 8291, appendix A."""
    number = int.from_bytes(decode("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"))
    body = seal(
        b"When I grow up, I want to be a watermelon",
        decode(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
        ),
        decode("BTBZMqHH6r4Tts7J_aSIgg"),
        key=ec.derive_private_key(number, ec.SECP256R1()),
        salt=decode("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert encode(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
        "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
        "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


async def test_a_call_says_that_somebody_may_need_you_and_nothing_else(called: Called) -> None:
    browser, _ = await called.subscribe(called.scene.fern, "fern")
    case = await called.house.case(called.scene.room, called.scene.marram)
    assert await called.reached(minutes=5) == ["fern"]

    [taken] = called.service.taken
    assert browser.open(taken.body) == {"words": "Somebody may need you", "path": "/queue"}
    seen = json.dumps(taken.headers) + taken.path
    ids = (case.id, called.scene.room, called.scene.marram.id, called.scene.fern.id)
    assert not [one for one in ids if str(one) in seen or one.hex in seen]
    said = claims_of(taken)
    assert (said["aud"], said["sub"], said["key"]) == (
        called.service.url,
        ORIGIN,
        SENDER.public_key,
    )
    assert 0 < said["exp"] - time.time() <= 24 * 3_600
    assert taken.headers["ttl"] == "900"
    assert taken.headers["urgency"] == "high"
    assert len(taken.headers["topic"]) == 32


async def test_only_the_browser_it_is_for_can_open_it(called: Called) -> None:
    await called.subscribe(called.scene.fern, "fern")
    other = ReceivingBrowser(called.service, "other")
    await called.house.case(called.scene.room, called.scene.marram)
    await called.reached(minutes=5)
    with pytest.raises(InvalidTag):
        other.open(called.service.taken[0].body)


async def test_each_rung_calls_its_own(called: Called) -> None:
    scene = called.scene
    for actor in (scene.fern, scene.still, scene.linden):
        await called.subscribe(actor, actor.name)
    await called.house.case(scene.room, scene.marram)
    assert await called.reached(minutes=4) == []
    assert await called.reached(minutes=1) == ["fernhollow"]
    assert await called.reached(minutes=5) == ["linden"]
    assert await called.reached(minutes=5) == ["stillwater"]
    assert await called.reached(minutes=15) == ["fernhollow", "linden", "stillwater"]


async def test_nobody_is_called_about_themselves(called: Called) -> None:
    await called.subscribe(called.scene.fern, "fern")
    await called.house.case(called.scene.room, called.scene.fern)
    assert await called.reached(minutes=5) == []


async def test_once_somebody_came_nothing_that_waits_is_sent(called: Called) -> None:
    scene = called.scene
    await called.subscribe(scene.fern, "fern")
    case = await called.house.case(scene.room, scene.marram)
    await scene.pass_time(minutes=5)
    await scene.decide(scene.still, case.id, "reach_out", words="I am here.")
    assert await called.send() == 0
    assert (await called.state()).waiting == 0
    assert called.service.taken == []


async def test_what_is_too_old_is_not_sent(called: Called) -> None:
    await called.subscribe(called.scene.fern, "fern")
    await called.house.case(called.scene.room, called.scene.marram)
    await called.scene.pass_time(minutes=5)
    called.house.clock.move(minutes=15)
    assert await called.send() == 0


async def test_quiet_hours_hold_until_those_on_call_are_called(called: Called) -> None:
    scene = called.scene  # it is nine o'clock in Dublin
    quiet = wire.QuietHours(start=8 * 60, end=10 * 60)
    for actor in (scene.fern, scene.still):
        await called.subscribe(actor, actor.name, quiet=quiet)
    await called.house.case(scene.room, scene.marram)
    assert await called.reached(minutes=5) == []
    assert await called.reached(minutes=10) == ["stillwater"], "on call: nobody else came"


@pytest.mark.parametrize(
    ("start", "end", "zone", "quiet"),
    [
        (8 * 60, 10 * 60, "Europe/Dublin", True),
        (10 * 60, 12 * 60, "Europe/Dublin", False),
        (22 * 60, 10 * 60, "Europe/Dublin", True),
        (22 * 60, 7 * 60, "Europe/Dublin", False),
        (22 * 60, 7 * 60, "America/Los_Angeles", True),
        (22 * 60, 7 * 60, "Nowhere/At_All", False),
        (9 * 60, 9 * 60, "Europe/Dublin", False),
    ],
)
async def test_quiet_hours_are_those_of_the_place_where_somebody_is(
    house: House, start: int, end: int, zone: str, quiet: bool
) -> None:
    now = house.clock.now()
    device = PushDevice(
        member_id=(await house.join("fern")).id, mark=b"", sealed=b"", quiet_from=start,
        quiet_to=end, time_zone=zone, made_at=now,
    )  # fmt: skip
    assert pushing.is_quiet(device, now) is quiet


async def test_whoever_takes_a_short_pause_is_left_in_it_while_another_is_called(
    called: Called,
) -> None:
    scene = called.scene
    await called.subscribe(scene.fern, "fern")
    await called.subscribe(scene.still, "still")
    await called.house.do(lambda work: guard.pause(work, scene.fern, 15))
    await called.house.case(scene.room, scene.marram)
    assert await called.reached(minutes=5) == ["fern"], "nobody else is on: the alert reaches them"
    await called.reached(minutes=10)
    called.house.clock.move(minutes=5)
    await called.house.do(lambda work: guard.pause(work, scene.fern, 15))
    assert await called.reached(minutes=10) == ["still"]


@pytest.mark.parametrize("status", [404, 410])
async def test_a_browser_that_is_gone_is_forgotten(called: Called, status: int) -> None:
    await called.subscribe(called.scene.fern, "fern")
    called.service.status = status
    await called.house.case(called.scene.room, called.scene.marram)
    assert await called.reached(minutes=5) == ["fern"]
    state = await called.state()
    assert (state.devices, state.ended, state.failed, state.waiting) == (0, 1, 0, 0)
    assert state.last_outcome == f"http_{status}"


async def test_what_may_work_later_is_tried_again_and_then_said(called: Called) -> None:
    await called.subscribe(called.scene.fern, "fern")
    called.service.status = 503
    await called.house.case(called.scene.room, called.scene.marram)
    assert await called.reached(minutes=5) == ["fern"]
    assert await called.send() == 0, "not at once"
    for seconds in (40, 80, 160):
        called.house.clock.move(seconds=seconds)
        assert await called.send() == 1
    state = await called.state()
    assert (state.sent, state.failed, state.waiting, state.last_outcome) == (0, 1, 0, "http_503")

    called.service.status = 201
    await called.reached(minutes=10)
    assert await called.reached(minutes=15) == ["fern"], "a later rung calls again"
    state = await called.state()
    assert (state.sent, state.failed, state.last_outcome) == (1, 1, "done")


@pytest.mark.parametrize("status", [400, 403, 413, 302])
async def test_what_will_never_work_is_not_tried_again(called: Called, status: int) -> None:
    await called.subscribe(called.scene.fern, "fern")
    called.service.status = status
    await called.house.case(called.scene.room, called.scene.marram)
    await called.reached(minutes=5)
    state = await called.state()
    assert (state.failed, state.waiting, state.last_outcome) == (1, 0, f"http_{status}")
    assert [taken.path for taken in called.service.taken] == ["/to/fern"], "nowhere else is asked"


async def test_a_service_that_hangs_is_given_up(called: Called) -> None:
    browser, _ = await called.subscribe(called.scene.fern, "fern")
    called.service.hangs = True
    address = stored.Address(browser.endpoint, **browser.keys)
    call = pushing.Push(called.scene.room, address, "words", "/queue", "t", 60)
    began = time.monotonic()
    assert await SENDER.send(call, limit_s=0.2) == "late"
    assert time.monotonic() - began < 5


async def test_a_service_that_is_not_there_is_unreachable_and_bad_keys_are_said(
    service: PushService,
) -> None:
    browser = ReceivingBrowser(service)
    nowhere = stored.Address("http://127.0.0.1:9/none", **browser.keys)
    push = pushing.Push(new_id(), nowhere, "words", "/queue", "t", 60)
    assert await SENDER.send(push) == "unreachable"
    broken = stored.Address(browser.endpoint, "AAAA", browser.keys["auth"])
    assert await SENDER.send(push._replace(address=broken)) == "bad_key"


async def test_a_call_that_was_planned_before_a_stop_is_made_after_it(called: Called) -> None:
    await called.subscribe(called.scene.fern, "fern")
    await called.house.case(called.scene.room, called.scene.marram)
    await called.scene.pass_time(minutes=5)
    first = await called.house.do(pushing.to_send)
    assert len(first[0]) == 1
    assert await called.house.do(pushing.to_send) == first
    assert await called.send() == 1
    assert await called.send() == 0


async def test_nothing_is_planned_or_sent_while_it_is_off(called: Called) -> None:
    await called.subscribe(called.scene.fern, "fern")
    await called.house.case(called.scene.room, called.scene.marram)
    await called.scene.pass_time(minutes=5)
    assert (await called.state()).waiting == 1
    assert (await called.switch(on=False)).waiting == 0
    assert await called.send() == 0
    assert await called.reached(minutes=25) == []
    with pytest.raises(NotNow):
        await called.subscribe(called.scene.still, "still")


async def test_it_is_off_until_a_steward_turns_it_on(
    any_house: House, service: PushService
) -> None:
    called = Called(Scene(any_house), service)
    await called.scene.set()
    state = await called.state()
    assert state.on is False
    assert {host for maker in state.makers for host in maker.hosts} >= {
        "fcm.googleapis.com",
        "push.apple.com",
        service.host,
    }
    with pytest.raises(NotAllowed):
        await any_house.do(
            lambda work: pushing.change_push(
                work, called.scene.fern, wire.StewardPushPatch(on=True), called.settings
            )
        )


@pytest.mark.parametrize(
    ("endpoint", "known"),
    [
        ("https://fcm.googleapis.com/fcm/send/abc", True),
        ("https://updates.push.services.mozilla.com/wpush/v2/abc", True),
        ("https://web.push.apple.com/abc", True),
        ("https://wns2-db5p.notify.windows.com/w/?token=abc", True),
        ("https://push.here.example/abc", True),
        ("http://fcm.googleapis.com/fcm/send/abc", False),
        ("https://fcm.googleapis.com:8443/abc", False),
        ("https://fcm.googleapis.com@10.0.0.1/abc", False),
        ("https://fcm.googleapis.com.evil.example/abc", False),
        ("https://evilpush.apple.com.example/abc", False),
        ("https://notpush.here.example.net/abc", False),
        ("https://127.0.0.1/abc", False),
        ("http://127.0.0.1:8000/api/me", False),
        ("http://[::1]:80/", False),
        ("https://[broken/", False),
        ("file:///etc/passwd", False),
    ],
)
def test_we_connect_to_push_services_and_to_nobody_else(endpoint: str, known: bool) -> None:
    settings = read_settings({}, push_hosts="push.here.example")
    assert pushing.is_push_service(endpoint, settings) is known


async def test_a_browser_has_one_owner_and_its_address_is_sealed(called: Called) -> None:
    scene = called.scene
    browser, device = await called.subscribe(scene.fern, "fern")
    new = browser.asks("UTC", None)
    await called.house.do(lambda work: pushing.add_device(work, scene.still, new, called.settings))

    async def mine(actor: Actor) -> list[wire.PushDevice]:
        return (await called.house.do(lambda work: pushing.read_mine(work, actor, "key"))).devices

    assert await mine(scene.fern) == []
    [theirs] = await mine(scene.still)
    assert theirs.service == "127.0.0.1"
    sealed = await called.house.do(lambda work: work.session.exec(select(PushDevice)).one().sealed)
    assert b"/to/fern" not in sealed
    for verb in (
        lambda work: pushing.drop_device(work, scene.fern, theirs.id),
        lambda work: pushing.change_device(
            work, scene.fern, theirs.id, wire.PushDevicePatch(quiet=None)
        ),
    ):
        with pytest.raises(NotFound):
            await called.house.do(verb)
    await called.house.do(lambda work: pushing.drop_device(work, scene.still, theirs.id))
    assert await mine(scene.still) == []
    assert device.id != theirs.id


async def test_a_time_zone_that_is_none_and_too_many_browsers_are_refused(called: Called) -> None:
    with pytest.raises(BadFrame):
        await called.subscribe(called.scene.fern, "fern", time_zone="../../etc/passwd")
    for number in range(10):
        await called.subscribe(called.scene.fern, f"fern{number}")
    with pytest.raises(NotNow):
        await called.subscribe(called.scene.fern, "one-too-many")


async def test_a_test_shows_how_a_call_looks(called: Called) -> None:
    fern = called.scene.fern
    with pytest.raises(NotNow):
        await called.house.do(lambda work: pushing.plan_test(work, fern))
    browser, _ = await called.subscribe(fern, "fern", quiet=wire.QuietHours(start=0, end=1_439))
    await called.subscribe(called.scene.still, "still")
    await called.house.do(lambda work: pushing.plan_test(work, fern))
    assert await called.send() == 1
    assert browser.open(called.service.taken[0].body) == {
        "words": "This is how a call looks",
        "path": "/settings",
    }


async def test_whoever_is_staff_no_longer_is_not_called(called: Called) -> None:
    scene = called.scene
    await called.subscribe(scene.fern, "fern")
    await called.house.case(scene.room, scene.marram)
    await scene.pass_time(minutes=5)

    def demote(work: Work) -> None:
        member = people.find_member(work, scene.fern.id)
        assert member is not None
        member.role = Role.PEER
        work.session.add(member)

    await called.house.do(demote)
    assert await called.send() == 0
    assert await called.house.do(lambda work: work.session.exec(select(PushCall)).all()) == []


def test_the_server_keeps_its_key_across_starts(tmp_path: Path) -> None:
    KeyFile.make(tmp_path / "hearth.key")
    secrets = []
    for _ in range(2):
        keys = KeyStore(tmp_path / "keys.sqlite3", KeyFile.read(tmp_path / "hearth.key"))
        secrets.append(keys.server_secret("push"))
        assert keys.server_secret("another") != secrets[0]
        keys.close()
    assert secrets[0] == secrets[1]
    assert len(secrets[0]) == 32
    assert secrets[0] not in (tmp_path / "keys.sqlite3").read_bytes()
    one, two = (PushSender(secret, ORIGIN).public_key for secret in secrets)
    assert one == two != SENDER.public_key


async def test_the_doctor_says_how_it_went(tmp_path: Path) -> None:
    settings: Settings = read_settings({}, data_dir=tmp_path)

    def look() -> tuple[bool, str]:
        return doctor._push(settings)

    def turn_on(work: Work) -> None:
        stored.switch(work, on=True)

    ok, words = await asyncio.to_thread(look)
    assert (ok, words.startswith("off")) == (True, True)
    await asyncio.to_thread(beside.do, settings, turn_on)
    assert (await asyncio.to_thread(look))[0] is True
    await asyncio.to_thread(
        beside.do, settings, lambda work: stored.write_down(work, "http_403", failed=1)
    )
    ok, words = await asyncio.to_thread(look)
    assert ok is False
    assert "http_403" in words


async def test_an_emergency_calls_whoever_may_answer_it_also_at_night(called: Called) -> None:
    scene = called.scene
    night = wire.QuietHours(start=0, end=24 * 60 - 1)
    browsers = {}
    for actor in (scene.keeper, scene.linden, scene.fern):
        browsers[actor.name], _ = await called.subscribe(actor, actor.name, quiet=night)
    rowan = await called.house.join("rowan", Role.CLINICIAN)
    await called.house.do(lambda work: seats.take_seat(work, scene.room, rowan.id, "clinician"))
    new = care.NewEmergency(
        name=scene.marram.name, reason="danger", words="The last words worry me.", at_once=True
    )
    await called.house.do(lambda work: emergencies.ask(work, rowan, scene.room, new))
    await called.send()
    taken = called.service.taken
    assert sorted(one.path for one in taken) == sorted(
        f"/to/{actor.name}" for actor in (scene.keeper, scene.linden)
    )
    for one in taken:
        shown = browsers[one.path.removeprefix("/to/")].open(one.body)
        assert shown == {"words": pushing.CALL, "path": "/emergencies"}
        assert one.headers["ttl"] == "300"


@pytest.mark.parametrize("why_not", ["read", "quiet", "late"])
async def test_a_reminder_calls_a_member_in_time_or_not_at_all(
    called: Called, why_not: str
) -> None:
    house, marram = called.house, called.scene.marram
    await house.do(lambda work: away_on(work, called.scene.keeper))

    async def remind() -> frames.Notice:
        return await house.do(
            lambda work: notices.tell(
                work,
                member_id=marram.id,
                kind="session",
                code="soon",
                words="In a quarter hour.",
                by_role="machine",
                calls_until=work.now + timedelta(minutes=15),
            )
        )

    browser, device = await called.subscribe(marram, "marram")
    await remind()
    await called.send()
    [taken] = called.service.taken
    assert browser.open(taken.body) == {"words": pushing.NEWS, "path": "/notices"}
    if why_not == "quiet":
        patch = wire.PushDevicePatch(quiet=wire.QuietHours(start=0, end=24 * 60 - 1))
        await house.do(lambda work: pushing.change_device(work, marram, device.id, patch))
    notice = await remind()
    if why_not == "read":
        await house.do(lambda work: notices.read(work, marram, notice.id))
    elif why_not == "late":
        house.clock.move(minutes=15)
    await called.send()
    assert called.service.taken == [taken]
    assert await house.do(stored.count_waiting) == 0


def away_on(work: Work, keeper: Actor) -> None:
    """A steward turns calls to members on."""
    patch = away_wire.StewardAwayPatch(members_called=True)
    away.change_state(work, keeper, patch)
