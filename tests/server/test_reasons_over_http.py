"""Statements, the ledger and the promises over real HTTP; and what somebody who was removed may still open."""

import asyncio
import urllib.request
from email.message import Message
from uuid import uuid4

import pytest

from server.client import Client, Declined, Http, SessionOver
from server.ids import new_id
from server.protocol import bodies, frames, reasons
from tests.server.live_server import LiveServer
from tests.server.test_staff_over_http import staff

PASSPHRASE = "a lamp by the window"


async def sign_up(server: LiveServer, name: str) -> tuple[Http, str, bodies.Me]:
    entered = await Http(server.url).sign_up(name, PASSPHRASE)
    assert entered.token
    return Http(server.url, entered.token), entered.token, entered.me


def name(of: str) -> str:
    return f"{of} {str(new_id())[-6:]}"


async def test_who_was_removed_from_the_place_opens_their_record_and_nothing_else(
    standing_server: LiveServer,
) -> None:
    steward, _ = await staff(standing_server, name("Keeper"), "steward")
    marram = name("Marram")
    _, token, me = await sign_up(standing_server, marram)
    reason = bodies.MemberPatch(state="removed", reason="It was asked for thrice.")
    await steward.call("PATCH", f"/api/steward/members/{me.id}", reason)
    before = await Http(standing_server.url, token).call("GET", "/api/me")
    assert before is None, "the sessions of before are over"

    entered = await Http(standing_server.url).log_in(marram, PASSPHRASE)
    http = Http(standing_server.url, entered.token)
    assert entered.me.state == "removed"
    for path in ("/api/me", "/api/rooms", "/api/sessions", "/api/queue"):
        with pytest.raises(Declined) as refused:
            await http.call("GET", path)
        assert (path, refused.value.status, refused.value.code) == (path, 403, "removed")
    with pytest.raises(Declined):
        await http.call("PATCH", "/api/me", {"tone_nudges": False})

    [notice] = (await http.read("/api/me/notices", bodies.Notices)).notices
    statement = await http.read(f"/api/me/statements/{notice.id}", reasons.Statement)
    assert (statement.kind, statement.reason, statement.room) == (
        "removed", "It was asked for thrice.", None,
    )  # fmt: skip
    assert statement.restricted.startswith("Your membership of this place has ended.")
    assert (await http.read("/api/me/ledger", reasons.Ledger)).entries == []
    asked = await http.call(
        "POST", f"/api/me/notices/{notice.id}/appeal", bodies.NewAppeal(words="Please.")
    )
    assert asked["appeal"] == "open"
    await http.call("DELETE", "/api/sessions/current")


async def test_a_statement_and_a_ledger_are_files_to_keep(standing_server: LiveServer) -> None:
    http, token, _ = await sign_up(standing_server, name("Ash"))
    steward, _ = await staff(standing_server, name("Keeper"), "steward")
    made = await steward.call(
        "POST", "/api/steward/rooms", bodies.NewRoom(name="Low days", purpose="To say it plainly.")
    )
    await http.take_seat(made["id"])
    room = bodies.Room.model_validate(made).id
    async with Client(standing_server.url, token) as client:
        await client.join(room)
        await client.post(room, "I have the pills here and I am going to kill myself tonight")

    ledger = await http.read("/api/me/ledger", reasons.Ledger)
    [entry] = ledger.entries
    assert (entry.kind, entry.rules, entry.band) == ("risk", [], None)
    exported = await http.read("/api/me/ledger/export", reasons.Ledger)
    assert exported == ledger
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{standing_server.url}/api/me/ledger/export", headers={"Authorization": f"Bearer {token}"}
    )
    headers = await asyncio.to_thread(_headers, request)
    assert headers["Content-Disposition"] == 'attachment; filename="ledger.json"'
    assert headers["Cache-Control"] == "no-store"

    asked = await http.call(
        "POST", f"/api/me/ledger/{entry.id}/ask", bodies.NewAppeal(words="It was a song.")
    )
    assert frames.Notice.model_validate(asked).appeal == "open"
    with pytest.raises(Declined) as again:
        await http.call("POST", f"/api/me/ledger/{entry.id}/ask", bodies.NewAppeal(words="Again."))
    assert (again.value.status, again.value.code) == (409, "appeal_closed")


def _headers(request: urllib.request.Request) -> Message:
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - our own server
        headers: Message = answer.headers
        return headers


async def test_the_promises_are_for_everybody_and_a_record_for_its_own_member(
    standing_server: LiveServer,
) -> None:
    stranger = Http(standing_server.url)
    promises = await stranger.read("/api/place/promises", reasons.Promises)
    assert promises.promises[0].code == "kind"
    for path in ("/api/me/ledger", "/api/me/ledger/export", f"/api/me/statements/{uuid4()}"):
        with pytest.raises(SessionOver):
            await stranger.call("GET", path)
    http, _, _ = await sign_up(standing_server, name("Birch"))
    for path in (f"/api/me/statements/{uuid4()}", f"/api/me/statements/{uuid4()}/text"):
        with pytest.raises(Declined) as missing:
            await http.call("GET", path)
        assert missing.value.status == 404
    with pytest.raises(Declined) as closed:
        await http.call("PUT", "/api/steward/promises/kind", {"words": "Mine."})
    assert closed.value.status == 403
