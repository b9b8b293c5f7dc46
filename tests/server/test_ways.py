"""Ways to log in, over real HTTP: passkeys by a device in software, codes from an app, recovery, proof."""

import asyncio
import base64
import http.client
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlmodel import update

from server.access import OPERATIONS, Relation, Role
from server.client import Client, Declined, Http, SessionOver
from server.clock import SystemClock
from server.errors import (
    CodeNeeded,
    Misconfigured,
    NotFound,
    NotNow,
    TooCommon,
    WrongCode,
    WrongLogIn,
)
from server.protocol import bodies
from server.services import accounts, passkeys, recovering, second_step, sessions, tokens
from server.services.devices import device_of
from server.services.passphrases import check_passphrase
from server.settings import read_settings
from server.store import audit, people
from server.store.tables import CodeApp, Session
from server.store.work import Work
from tests.server.authenticator import Authenticator
from tests.server.live_server import LiveServer
from tests.server.store_fixture import House
from tests.server.test_accounts import actor_of
from tests.server.test_accounts import enter as sign_up

SECRET = "three plain unrelated words"
EDGE = 4


class Person:
    """Somebody with a session, and a device of their own."""

    def __init__(self, server: LiveServer, token: str, member: UUID, code: str) -> None:
        self.http = Http(server.url, token)
        self.server, self.token, self.member, self.code = server, token, member, code
        self.key = Authenticator(server.settings.origin)

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        return await self.http.call(method, path, body)

    async def prove(self) -> None:
        await self.ask("POST", "/api/me/proof", {"recovery_code": self.code})

    async def add_key(self, name: str = "My phone") -> Any:
        asked = await self.ask("POST", "/api/me/ways/passkeys/asked")
        return await self.ask("POST", "/api/me/ways/passkeys", self.key.make(asked, name))

    async def log_in_by_key(self, **wrong: Any) -> Any:
        asked = await Http(self.server.url).call("POST", "/api/sessions/passkey/asked")
        signed = self.key.sign(asked, **wrong)
        return await Http(self.server.url).call("POST", "/api/sessions/passkey", signed)


async def come(server: LiveServer, name: str) -> Person:
    entered = await Http(server.url).sign_up(name)
    assert entered.token
    assert entered.recovery_code
    return Person(server, entered.token, entered.me.id, entered.recovery_code)


async def with_key(server: LiveServer, name: str) -> Person:
    person = await come(server, name)
    await person.prove()
    await person.add_key()
    return person


def make_staff(work: Work, member_id: UUID, days_ago: int, role: str = "moderator") -> None:
    member = people.find_member(work, member_id)
    assert member
    member.role, member.staff_since = role, work.now - timedelta(days=days_ago)
    work.session.add(member)


async def refused(code: str, asked: Any) -> None:
    with pytest.raises(Declined) as declined:
        await asked
    assert declined.value.code == code


# --- passkeys ---


async def test_a_passkey_is_added_named_used_and_removed(standing_server: LiveServer) -> None:
    wren = await come(standing_server, "Wren of the hedge")
    await refused("proof_needed", wren.add_key())
    await wren.prove()
    added = await wren.add_key("Phone")
    assert [one["name"] for one in added["ways"]["passkeys"]] == ["Phone"]
    assert added["recovery_codes"] is None  # a peer keeps the one from the sign-up
    [key] = added["ways"]["passkeys"]
    path = f"/api/me/ways/passkeys/{key['id']}"
    assert (await wren.ask("PATCH", path, {"name": "Old phone"}))["passkeys"][0]["name"] == (
        "Old phone"
    )
    entered = await wren.log_in_by_key()
    assert entered["me"]["pseudonym"] == "Wren of the hedge"
    assert entered["token"] is None  # it is in a cookie
    told = (await wren.http.read("/api/me/notices", bodies.Notices)).notices
    assert [notice.kind for notice in told] == ["way_in"]
    await wren.ask("DELETE", path)
    await refused("wrong_passkey", wren.log_in_by_key())


async def test_what_is_not_signed_as_asked_opens_nothing(standing_server: LiveServer) -> None:
    wren = await with_key(standing_server, "Wren by the gate")
    stranger = Http(standing_server.url)
    asked = await stranger.call("POST", "/api/sessions/passkey/asked")
    signed = wren.key.sign(asked)
    await stranger.call("POST", "/api/sessions/passkey", signed)
    await refused("wrong_passkey", stranger.call("POST", "/api/sessions/passkey", signed))
    await refused("wrong_passkey", wren.log_in_by_key(origin="https://elsewhere.example"))
    await refused("wrong_passkey", wren.log_in_by_key(rp_id="elsewhere.example"))
    await refused("wrong_passkey", wren.log_in_by_key(type="webauthn.create"))
    await refused("wrong_passkey", wren.log_in_by_key(count=1))
    await refused("wrong_passkey", wren.log_in_by_key(owner=UUID(int=7)))
    unasked = {"challenge": "A" * 43, "rp_id": "localhost"}
    signed = wren.key.sign(unasked)
    await refused("wrong_passkey", stranger.call("POST", "/api/sessions/passkey", signed))
    wren.key.verifies = False
    await refused("wrong_passkey", wren.log_in_by_key())
    wren.key.verifies = True
    assert (await wren.log_in_by_key())["me"]["id"] == str(wren.member)


async def test_a_wrong_answer_uses_the_challenge_up(standing_server: LiveServer) -> None:
    wren = await with_key(standing_server, "Wren in the ivy")
    stranger = Http(standing_server.url)
    asked = await stranger.call("POST", "/api/sessions/passkey/asked")
    wrong = wren.key.sign(asked, origin="https://elsewhere.example")
    await refused("wrong_passkey", stranger.call("POST", "/api/sessions/passkey", wrong))
    right = wren.key.sign(asked)
    await refused("wrong_passkey", stranger.call("POST", "/api/sessions/passkey", right))


async def test_a_new_key_is_taken_only_as_it_was_asked(standing_server: LiveServer) -> None:
    wren = await come(standing_server, "Wren of many ways")
    robin = await come(standing_server, "Robin of many ways")
    for one in (wren, robin):
        await one.prove()
    path = "/api/me/ways/passkeys"
    for wrong in ({"origin": "https://elsewhere.example"}, {"rp_id": "elsewhere.example"}):
        asked = await wren.ask("POST", f"{path}/asked")
        await refused("wrong_passkey", wren.ask("POST", path, wren.key.make(asked, **wrong)))
    asked = await wren.ask("POST", f"{path}/asked")
    made = wren.key.make(asked)
    await refused("wrong_passkey", robin.ask("POST", path, made))  # what was asked of another
    await refused("wrong_passkey", wren.ask("POST", path, made))  # and gone by that
    await wren.add_key()
    robin.key = wren.key
    await refused("not_now", robin.add_key())  # nobody takes another's key


async def test_the_key_of_another_proves_nothing(standing_server: LiveServer) -> None:
    wren = await with_key(standing_server, "Wren with a key")
    robin = await with_key(standing_server, "Robin with a key")
    await standing_server.on_database(_forget_proofs)
    export = "/api/me/data/export"
    await refused("proof_needed", wren.ask("POST", export, {}))
    asked = await wren.ask("POST", "/api/me/proof/asked")
    signed = robin.key.sign(asked)
    await refused("wrong_passkey", wren.ask("POST", "/api/me/proof/passkey", signed))
    await refused("proof_needed", wren.ask("POST", export, {}))
    asked = await wren.ask("POST", "/api/me/proof/asked")
    assert (await wren.ask("POST", "/api/me/proof/passkey", wren.key.sign(asked)))["until"]
    await wren.ask("POST", export, {})
    theirs = (await robin.ask("GET", "/api/me/ways"))["passkeys"][0]["id"]
    missing = UUID(int=9)
    for passkey in (theirs, missing):
        await refused("not_found", wren.ask("DELETE", f"/api/me/ways/passkeys/{passkey}"))


def _forget_proofs(work: Work) -> None:
    work.session.exec(update(Session).values(proved_at=None))


@pytest.mark.parametrize(
    ("url", "why_not"),
    [
        ("", None),
        ("https://hearth.example.org", None),
        ("http://hearth.example.org", "needs_tls"),
        ("https://192.0.2.7", "needs_name"),
    ],
)
def test_passkeys_say_what_they_need(url: str, why_not: str | None) -> None:
    party = passkeys.party_of(read_settings({}, public_url=url))
    assert party.why_not == why_not


# --- the second step ---


def code_now(letters: str, steps: int = 0) -> str:
    secret = base64.b32decode(letters.replace(" ", ""))
    at = SystemClock().now().timestamp() + 30 * steps
    return TOTP(secret, 6, SHA1(), 30).generate(int(at)).decode()  # noqa: S303


async def test_staff_with_an_app_log_in_by_its_codes_each_once(
    standing_server: LiveServer,
) -> None:
    name = "Keeper with an app"
    keeper = await come(standing_server, name)
    await keeper.ask(
        "PUT", "/api/me/passphrase", {"passphrase": SECRET, "recovery_code": keeper.code}
    )
    begun = await keeper.ask("POST", "/api/me/ways/app")
    assert begun["picture"].startswith(f"M{EDGE} {EDGE}h1v1h-1z")
    await refused("wrong_code", keeper.ask("PUT", "/api/me/ways/app", {"code": "000000"}))
    assert (await keeper.ask("GET", "/api/me/ways"))["code_app"] is False
    shown = code_now(begun["letters"])
    codes = (await keeper.ask("PUT", "/api/me/ways/app", {"code": shown}))["recovery_codes"]
    assert len(set(codes)) == 10

    async def log_in(**more: Any) -> Any:
        asked = {"pseudonym": name, "passphrase": SECRET, "as_program": True} | more
        return await Http(standing_server.url).call("POST", "/api/sessions", asked)

    await refused("code_needed", log_in())
    await refused("wrong_code", log_in(second=shown))  # it was shown to set the app up
    await refused("wrong_log_in", log_in(passphrase="something else here", second=codes[0]))
    assert (await log_in(second=code_now(begun["letters"], 1)))["token"]
    await refused("wrong_code", log_in(second=code_now(begun["letters"], 1)))
    assert (await log_in(second=codes[0].lower()))["token"]
    await refused("wrong_code", log_in(second=codes[0]))
    assert (await keeper.ask("GET", "/api/me/ways"))["recovery_codes_left"] == 9
    lost = {"passphrase": None, "recovery_code": keeper.code}
    await refused("code_needed", log_in(**lost))
    assert (await log_in(**lost, second=codes[1]))["recovery_code"]


async def test_after_seven_days_staff_see_only_what_sets_it_up(standing_server: LiveServer) -> None:
    keeper = await come(standing_server, "Keeper of late")
    await standing_server.on_database(lambda work: make_staff(work, keeper.member, 6))
    me = await keeper.http.read("/api/me", bodies.Me)
    assert me.second_step_until
    await keeper.ask("GET", "/api/queue")
    await standing_server.on_database(lambda work: make_staff(work, keeper.member, 8))
    for path in ("/api/queue", "/api/me", "/api/rooms"):
        await refused("second_step_needed", keeper.ask("GET", path))
    with pytest.raises(SessionOver):
        async with Client(standing_server.url, keeper.token):
            pass
    await keeper.prove()
    added = await keeper.add_key()
    assert len(added["recovery_codes"]) == 10
    await keeper.ask("GET", "/api/queue")
    [key] = added["ways"]["passkeys"]
    await refused("not_now", keeper.ask("DELETE", f"/api/me/ways/passkeys/{key['id']}"))
    entered = await keeper.log_in_by_key()
    assert entered["me"]["second_step_until"] is None


async def test_a_code_is_never_taken_twice_and_half_a_minute_is_forgiven(any_house: House) -> None:
    actor = await actor_of(any_house, (await sign_up(any_house, "Ash")).token or "")
    begun = await any_house.do(lambda work: second_step.begin_app(work, actor))

    def shown(steps: int) -> str:
        secret = base64.b32decode(begun.letters.replace(" ", ""))
        at = any_house.clock.now().timestamp() + 30 * steps
        return TOTP(secret, 6, SHA1(), 30).generate(int(at)).decode()  # noqa: S303

    codes = await any_house.do(lambda work: second_step.confirm_app(work, actor, shown(-1), "en"))

    async def check(code: str | None) -> None:
        def verb(work: Work) -> None:
            member = people.find_member(work, actor.id)
            assert member
            second_step.check_code(work, member, code, "de")

        await any_house.do(verb)

    with pytest.raises(WrongCode):
        await check(shown(-1))
    await check(shown(1))
    for earlier in (shown(0), shown(1), shown(2), shown(-2), "", "12345a"):
        with pytest.raises(WrongCode):
            await check(earlier)
    with pytest.raises(CodeNeeded):
        await check(None)
    await check(codes[3])
    with pytest.raises(WrongCode):
        await check(codes[3])
    stored = await any_house.do(lambda work: work.session.get(CodeApp, actor.id))
    assert stored
    assert base64.b32decode(begun.letters.replace(" ", "")) not in stored.sealed


# --- programs ---


def test_what_is_a_persons_own_is_no_programs() -> None:
    """From the access table: a new row that any member may use is no program's until it stands here."""
    open_to_programs = {
        "place.read", "place.promises", "place.retention", "help.read", "health.read",
        "openapi.read", "outside.report", "outside.status",
        "room.list", "room.read", "room.climate", "ask.list", "group_session.list",
        "group_session.read",
    }  # fmt: skip
    own = {
        name
        for name, rows in OPERATIONS.items()
        if name.endswith(".own")
        or {relation for _, relation in rows} == {Relation.SELF}
        or any(role == Role.PEER for role, _ in rows)
    }
    known = {name for role in Role for name in tokens.scopes_for(role)}
    assert known & own == open_to_programs
    assert {"queue.read", "case.read", "steward.members"} <= known


async def test_a_token_does_what_its_scopes_say_and_the_log_names_it(
    standing_server: LiveServer,
) -> None:
    keeper = await come(standing_server, "Keeper with a program")
    await standing_server.on_database(lambda work: make_staff(work, keeper.member, 8))

    def add(scopes: list[str]) -> Callable[[Work], str]:
        return lambda work: tokens.add(work, "night-watch", "Keeper with a program", scopes, 30)

    for wrong in (["queue.reed"], ["steward.policy"], ["me.data"], ["socket.open"]):
        with pytest.raises(Misconfigured):
            await standing_server.on_database(add(wrong))
    token = await standing_server.on_database(add(["queue.read"]))
    program = Http(standing_server.url, token)
    await program.call("GET", "/api/queue")
    for path in ("/api/rooms", "/api/me", "/api/me/ways", "/api/me/data"):
        await refused("not_allowed", program.call("GET", path))
    with pytest.raises(SessionOver):
        async with Client(standing_server.url, token):
            pass
    assert await asyncio.to_thread(_by_cookie, standing_server.port, token) == 401
    verbs = await standing_server.on_database(_tokens_acts)
    assert verbs == [("token.queue.read", "night-watch")]
    await standing_server.on_database(lambda work: tokens.revoke(work, "night-watch"))
    with pytest.raises(SessionOver):
        await program.call("GET", "/api/queue")


def _by_cookie(port: int, token: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/api/queue", headers={"Cookie": f"hearth={token}"})
    status = connection.getresponse().status
    connection.close()
    return status


def _tokens_acts(work: Work) -> list[tuple[str, str]]:
    rows = [row for row in audit.rows(work) if row and row.verb.startswith("token.q")]
    return [(row.verb, (row.subject or "").partition("/")[0]) for row in rows]


async def test_a_token_is_for_staff_and_ends_with_their_role(house: House) -> None:
    await sign_up(house, "Ash")
    with pytest.raises(NotNow):
        await house.do(lambda work: tokens.add(work, "nightly", "Ash", ["queue.read"], 5))
    with pytest.raises(NotFound):
        await house.do(lambda work: tokens.revoke(work, "nightly"))


# --- coming back, sessions ---


async def test_a_link_from_a_steward_opens_once_and_closes_all_else(any_house: House) -> None:
    entered = await sign_up(any_house, "Ash")
    before = await actor_of(any_house, entered.token or "")
    code = await any_house.do(lambda work: recovering.make_link(work, "ash"))
    newer = await any_house.do(lambda work: recovering.make_link(work, "ash"))

    def come_back(code: str) -> Callable[[Work], bodies.Entered]:
        return lambda work: accounts.come_back(work, code, "a hash", "fr", None)

    with pytest.raises(WrongLogIn):
        await any_house.do(come_back(code))
    back = await any_house.do(come_back(newer))
    assert back.recovery_code not in {None, entered.recovery_code}
    with pytest.raises(WrongLogIn):
        await any_house.do(come_back(newer))
    left = await any_house.do(lambda work: people.live_sessions(work, before.id, work.now))
    assert [session.token_digest for session in left] != []
    assert before.session not in {session.id for session in left}
    late = await any_house.do(lambda work: recovering.make_link(work, "ash"))
    any_house.clock.move(days=2)
    with pytest.raises(WrongLogIn):
        await any_house.do(come_back(late))


async def test_a_proof_is_good_for_ten_minutes_in_its_session_alone(house: House) -> None:
    actor = await actor_of(house, (await sign_up(house, "Ash")).token or "")
    again = await house.do(lambda work: accounts.log_in(work, actor.id, as_program=True))
    other = await actor_of(house, again.token or "")

    async def is_open(one: Any) -> bool:
        return await house.do(lambda work: sessions.proved_until(work, one)) is not None

    assert not await is_open(actor)
    await house.do(lambda work: sessions.note_proved(work, actor))
    house.clock.move(minutes=9)
    assert await is_open(actor)
    assert not await is_open(other)
    house.clock.move(minutes=1)
    assert not await is_open(actor)


async def test_logging_in_again_in_a_browser_ends_the_session_before(
    standing_server: LiveServer,
) -> None:
    name = "Swift of the tower"
    swift = await Http(standing_server.url).sign_up(name, SECRET)
    first = await asyncio.to_thread(_log_in, standing_server, name, None)
    second = await asyncio.to_thread(_log_in, standing_server, name, first)
    assert first != second
    with pytest.raises(SessionOver):
        await Http(standing_server.url, first).call("GET", "/api/rooms")
    found = await Http(standing_server.url, second).read("/api/sessions", bodies.Sessions)
    [here] = [session for session in found.sessions if session.current]
    assert (here.kind, here.browser, here.system) == ("browser", "Firefox", "Linux")
    assert len(found.sessions) == 2
    assert swift.token


async def test_whichever_way_somebody_comes_in_again_the_session_before_is_over(
    standing_server: LiveServer,
) -> None:
    name = "Swallow of the barn"
    await Http(standing_server.url).sign_up(name, SECRET)
    code = await standing_server.on_database(lambda work: recovering.make_link(work, name))
    promises = {
        "old_enough": True, "not_an_emergency_service": True, "machine_reads_for_safety": True,
    }  # fmt: skip
    for path, body in (
        ("/plain/log-in", {"pseudonym": name, "passphrase": SECRET}),
        ("/api/members", {"pseudonym": "Swallow of the tower"} | promises),
        ("/api/recoveries", {"code": code, "passphrase": "four other words again"}),
    ):
        first = await asyncio.to_thread(_log_in, standing_server, name, None)
        second = await asyncio.to_thread(_come_in, standing_server, path, body, first)
        assert second not in ("", first)
        with pytest.raises(SessionOver):
            await Http(standing_server.url, first).call("GET", "/api/rooms")
        await Http(standing_server.url, second).call("GET", "/api/rooms")


def _log_in(server: LiveServer, name: str, cookie: str | None) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "Origin": server.url,
        **({"Cookie": f"hearth={cookie}"} if cookie else {}),
    }
    asked = json.dumps({"pseudonym": name, "passphrase": SECRET})
    connection.request("POST", "/api/sessions", asked, headers)
    answer = connection.getresponse()
    assert answer.status == 201, answer.read()
    kept = (answer.getheader("Set-Cookie") or "").partition(";")[0].partition("=")[2]
    connection.close()
    return kept


def _come_in(server: LiveServer, path: str, body: Mapping[str, object], cookie: str) -> str:
    """By a form of the plain pages, or as their scripts do. Returns the new session."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    is_form = path.startswith("/plain")
    headers = {
        "Content-Type": "application/x-www-form-urlencoded" if is_form else "application/json",
        "Origin": server.url,
        "Cookie": f"hearth={cookie}",
    }
    connection.request("POST", path, urlencode(body) if is_form else json.dumps(body), headers)
    answer = connection.getresponse()
    assert answer.status in {201, 303}, answer.read()
    kept = (answer.getheader("Set-Cookie") or "").partition(";")[0].partition("=")[2]
    connection.close()
    return kept


@pytest.mark.parametrize(
    ("agent", "browser", "system"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1", "Safari", "iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge", "Windows"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36", "Chrome", "Android"),
        ("curl/8.0", None, None),
    ],
)
def test_a_device_is_named_by_what_it_says(
    agent: str, browser: str | None, system: str | None
) -> None:
    assert device_of(agent) == (browser, system)


@pytest.mark.parametrize("passphrase", ["wonderwoman", "Trust no 1", "1QAZ2WSX"])
def test_what_stands_in_stolen_lists_is_refused(passphrase: str) -> None:
    with pytest.raises(TooCommon):
        check_passphrase(passphrase, "Ash")
    check_passphrase(SECRET, "Ash")
