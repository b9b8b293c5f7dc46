"""A copy and leaving for good over real HTTP: proved, made in the background, fetched once."""

import asyncio
import io
import urllib.error
import urllib.request
import zipfile
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import update

from server.client import Client, Declined, Http, SessionOver
from server.errors import ProofNeeded
from server.protocol import bodies, frames, ways
from server.protocol import rights as wire
from server.store import beside, erasing, people
from server.store.tables import Session
from server.store.work import Work
from tests.server.live_server import LiveServer

WORDS = "the lamp over the harbour wall"


async def enter(server: LiveServer, name: str) -> tuple[Http, str, str, UUID]:
    entered = await Http(server.url).sign_up(name)
    assert entered.token
    assert entered.recovery_code
    return Http(server.url, entered.token), entered.token, entered.recovery_code, entered.me.id


async def ready(http: Http) -> wire.DataExport:
    async with asyncio.timeout(30):
        while True:
            copy = (await http.read("/api/me/data", wire.MyData)).export
            if copy and copy.state == "ready":
                return copy
            await asyncio.sleep(0.1)


def fetch(server: LiveServer, token: str, export_id: UUID) -> bytes:
    request = urllib.request.Request(  # noqa: S310
        f"{server.url}/api/me/data/export/{export_id}/file",
        headers={"Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        assert answer.headers["cache-control"] == "no-store"
        content: bytes = answer.read()
        return content


async def test_a_copy_is_proved_made_and_fetched_once(standing_server: LiveServer) -> None:
    http, token, code, _ = await enter(standing_server, "Otter of the bay")
    room = (await http.read("/api/rooms", bodies.Rooms)).rooms[0].id
    await http.take_seat(room)
    async with Client(standing_server.url, token) as client:
        await client.join(room)
        assert isinstance(await client.post(room, WORDS), frames.Posted)
    path = "/api/me/data/export"
    for wrong, refusal in (
        (wire.Proof(), "proof_needed"),
        (wire.Proof(recovery_code="AAAAA-BBBBB"), "wrong_log_in"),
    ):
        with pytest.raises(Declined) as declined:
            await http.call("POST", path, wrong)
        assert declined.value.code == refusal
    await http.call("POST", path, wire.Proof(recovery_code=code))
    copy = await ready(http)
    notices = (await http.read("/api/me/notices", bodies.Notices)).notices
    assert [notice.kind for notice in notices] == ["your_data"]
    files = list(standing_server.settings.exports_path.iterdir())
    assert len(files) == 1
    assert WORDS.encode() not in files[0].read_bytes()

    other, other_token, other_code, _ = await enter(standing_server, "Somebody else here")
    await other.call("POST", "/api/me/proof", ways.NewProof(recovery_code=other_code))
    with pytest.raises(urllib.error.HTTPError) as refused:
        await asyncio.to_thread(fetch, standing_server, other_token, copy.id)
    assert refused.value.code == 404
    refused.value.close()
    await standing_server.on_database(_forget_proofs)
    with pytest.raises(urllib.error.HTTPError) as refused:
        await asyncio.to_thread(fetch, standing_server, token, copy.id)
    assert refused.value.code == ProofNeeded.status
    refused.value.close()
    await http.call("POST", "/api/me/proof", ways.NewProof(recovery_code=code))
    content = await asyncio.to_thread(fetch, standing_server, token, copy.id)
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert WORDS in packed.read("read-me.html").decode()
    with pytest.raises(urllib.error.HTTPError) as refused:
        await asyncio.to_thread(fetch, standing_server, token, copy.id)
    assert refused.value.code == 409
    refused.value.close()
    assert not list(standing_server.settings.exports_path.iterdir())


def _forget_proofs(work: Work) -> None:
    work.session.exec(update(Session).values(proved_at=None))


async def test_a_copy_that_another_machine_made_is_made_anew_where_it_is_fetched(
    standing_server: LiveServer,
) -> None:
    http, token, code, _ = await enter(standing_server, "Heron on the weir")
    await http.call("POST", "/api/me/data/export", wire.Proof(recovery_code=code))
    copy = await ready(http)
    (standing_server.settings.exports_path / str(copy.id)).unlink()
    content = await asyncio.to_thread(fetch, standing_server, token, copy.id)
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert "Heron on the weir" in packed.read("data.json").decode()
    with pytest.raises(urllib.error.HTTPError) as refused:
        await asyncio.to_thread(fetch, standing_server, token, copy.id)
    assert refused.value.code == 409, "once, all the same"
    refused.value.close()


async def test_leaving_is_taken_back_or_done_and_then_no_door_opens(
    standing_server: LiveServer,
) -> None:
    http, token, code, member_id = await enter(standing_server, "Curlew at low tide")
    path = "/api/me/data/erasure"
    with pytest.raises(Declined):
        await http.call("POST", path, wire.Proof(recovery_code="AAAAA-BBBBB"))
    await http.call("POST", path, wire.Proof(recovery_code=code))
    await http.call("DELETE", path)
    assert (await http.read("/api/me/data", wire.MyData)).erasure is None
    await http.call("POST", path, wire.Proof(recovery_code=code))
    heard: list[Any] = []
    client = Client(standing_server.url, token, hear=heard.append)
    async with client:
        await standing_server.on_database(lambda work: _a_day_later(work, member_id))
        gone = partial(_is_gone, member_id=member_id)
        async with asyncio.timeout(30):
            while not await asyncio.to_thread(beside.read, standing_server.settings, gone):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    with pytest.raises((Declined, SessionOver)) as declined:
        await http.call("GET", "/api/me/data")
    assert getattr(declined.value, "code", "no_session") == "no_session"
    asked = bodies.LogIn(pseudonym="Curlew at low tide", recovery_code=code, as_program=True)
    with pytest.raises(Declined):
        await Http(standing_server.url).call("POST", "/api/sessions", asked)


def _a_day_later(work: Work, member_id: UUID) -> None:
    row = erasing.find(work, member_id)
    assert row is not None
    row.due_at = work.now - timedelta(seconds=1)
    work.session.add(row)


def _is_gone(work: Work, member_id: UUID) -> bool:
    member = people.find_member(work, member_id)
    row = erasing.find(work, member_id)
    return bool(member and member.pseudonym == erasing.LEFT_NAME and row and row.done_at)


async def test_anybody_reads_how_long_things_are_kept(standing_server: LiveServer) -> None:
    shown = await Http(standing_server.url).read("/api/place/retention", wire.RetentionShown)
    assert {one.kind for one in shown.kept} >= {"messages", "sessions", "holds"}
    http, _, _, _ = await enter(standing_server, "Not a steward")
    with pytest.raises(Declined):
        await http.call("PUT", "/api/steward/retention/sessions", wire.RetentionPatch(days=9))
