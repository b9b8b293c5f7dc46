"""The policy over HTTP and at a terminal, beside a real server: replayed, applied, tried out, taken back."""

import asyncio
import json
import urllib.request
from pathlib import Path
from uuid import UUID

import pytest

from server.cli.members import add_member, make_token
from server.client import Client, Declined, Http
from server.ids import new_id
from server.protocol import frames
from server.protocol import policy as bodies
from tests import engines
from tests.server import command
from tests.server.live_server import LiveServer

PATH = "/api/steward/policy"
_EVERYWHERE_S = 30.0
"""Another worker than the one that was told looks every few seconds at what judges."""
_REPLAY_S = 300.0
"""Far above what it takes: its process is nice, also on a machine that is busy with other things."""
FOLDS = """
[[rule]]
name = "selling"
words = "This looks like something for sale"
terms = ["crypto"]
handling = "collapse"
"""


async def token_of(server: LiveServer, name: str, role: str) -> str:
    await server.on_database(lambda work: add_member(work, name, role, None))
    return await server.on_database(lambda work: make_token(work, name))


async def replayed(http: Http, text: str) -> bodies.PolicyReplay:
    asked = bodies.NewPolicyReplay(text=text, days=7)
    begun = await http.call("POST", f"{PATH}/replays", asked)
    async with asyncio.timeout(_REPLAY_S):
        while True:
            found = await http.read(f"{PATH}/replays/{begun['id']}", bodies.PolicyReplay)
            if found.state != "running":
                return found
            await asyncio.sleep(0.1)


async def taken(http: Http, text: str, **more: object) -> bodies.StewardPolicy:
    new = bodies.NewPolicyEdition(
        **({"text": text, "mode": "applied", "reason": "For a test."} | more)  # type: ignore[arg-type]
    )
    answer = await http.call("POST", f"{PATH}/editions", new)
    return bodies.StewardPolicy.model_validate_json(json.dumps(answer))


def hearth(server: LiveServer, *arguments: str) -> tuple[int, str]:
    """Exit code and output of one command on the server's data."""
    done = command.hearth(server.environment(), "policy", *arguments)
    return done.returncode, done.stdout + done.stderr


async def _room_of(http: Http) -> UUID:
    rooms = (await http.call("GET", "/api/rooms"))["rooms"]
    room = UUID(rooms[0]["id"])
    await http.take_seat(room)
    return room


async def test_from_a_draft_to_a_rollback(live_server: LiveServer) -> None:
    token = await token_of(live_server, "Hearthkeeper", "steward")
    keeper = Http(live_server.url, token)
    entered = await Http(live_server.url).sign_up("Ash")
    assert entered.token
    room = await _room_of(Http(live_server.url, entered.token))
    async with Client(live_server.url, entered.token) as ash:
        await ash.join(room)
        await ash.post(room, "I sell crypto at the old mill")

        checked = await keeper.call(
            "POST", f"{PATH}/check", bodies.PolicyDraft(text="[hold]\nx = 1")
        )
        assert (checked["ok"], checked["problems"][0]["line"]) == (False, 2)
        with pytest.raises(Declined) as refused:
            await taken(keeper, FOLDS)
        assert refused.value.code == "not_replayed"

        replay = await replayed(keeper, FOLDS)
        assert (replay.state, replay.report is not None) == ("done", True)
        assert replay.report
        assert (replay.report.messages, replay.report.newly_flagged) == (1, 1)
        shown = await taken(keeper, FOLDS, replay=replay.id)
        assert shown.number == 1

        async def note() -> str | None:
            said = new_id()
            await ash.post(room, "more crypto at the old mill", client_id=said)
            page = await http.call("GET", f"/api/rooms/{room}/messages")
            notes = {one["client_id"]: one["content_note"] for one in page["messages"]}
            found: str | None = notes[str(said)]
            return found

        http = Http(live_server.url, entered.token)
        async with asyncio.timeout(_EVERYWHERE_S):
            while not (shown_as := await note()) and engines.are_shared():  # noqa: ASYNC110 - it looks
                await asyncio.sleep(0.5)
        assert shown_as == "This looks like something for sale"

    html = await asyncio.to_thread(_page, live_server, token, replay.id)
    assert "<script" not in html
    assert "old mill" not in html + replay.model_dump_json()
    assert 'lang="en"' in html
    back = bodies.PolicyRollback(to=0, reason="It folded a poem.")
    answer = await keeper.call("POST", f"{PATH}/rollback", back)
    assert (answer["number"], answer["version"]) == (2, replay.report.before.version)

    await live_server.restart()
    again = await keeper.read(f"{PATH}/replays/{replay.id}", bodies.PolicyReplay)
    assert again.report == replay.report


def _page(server: LiveServer, token: str, replay: UUID) -> str:
    request = urllib.request.Request(  # noqa: S310
        f"{server.url}{PATH}/replays/{replay}/page",
        headers={"authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        page: str = answer.read().decode()
    return page


async def test_only_a_steward_reads_it(standing_server: LiveServer) -> None:
    for role in ("peer", "moderator", "clinician"):
        http = Http(standing_server.url, await token_of(standing_server, f"a {role}", role))
        for path in (PATH, f"{PATH}/replays/{new_id()}", f"{PATH}/replays/{new_id()}/page"):
            with pytest.raises(Declined) as refused:
                await http.call("GET", path)
            assert refused.value.code == "not_allowed"


async def test_what_is_applied_at_a_terminal_judges_in_the_running_server(
    live_server: LiveServer, tmp_path: Path
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(FOLDS)
    run = asyncio.to_thread
    assert (await run(hearth, live_server, "apply", str(file), "--reason", "Adverts"))[0] == 1
    page = tmp_path / "report.html"
    status, said = await run(
        hearth, live_server, "replay", "--policy", str(file), "--html", str(page)
    )
    assert (status, page.exists()) == (0, True), said
    status, said = await run(hearth, live_server, "apply", str(file), "--reason", "Adverts")
    assert (status, said) == (0, "Edition 1 judges now.\n")

    entered = await Http(live_server.url).sign_up("Ash")
    assert entered.token
    room = await _room_of(Http(live_server.url, entered.token))
    heard: list[frames.ServerFrame] = []
    async with Client(live_server.url, entered.token, hear=heard.append) as ash:
        await ash.join(room)
        async with asyncio.timeout(20):
            while not _folded(heard):
                await ash.post(room, "crypto")
                await asyncio.sleep(0.3)

    assert (await run(hearth, live_server, "shadow", str(file), "--reason", "Again"))[0] == 0
    assert (await run(hearth, live_server, "shadow", "--end", "--reason", "Enough"))[0] == 0
    assert (await run(hearth, live_server, "rollback", "--reason", "A poem"))[0] == 0
    status, said = await run(hearth, live_server, "history", "--json")
    rows = json.loads(said)
    assert [(row["mode"], row["back_to"], row["reason"]) for row in rows] == [
        ("applied", 0, "A poem"), ("ended", None, "Enough"), ("shadow", None, "Again"),
        ("applied", None, "Adverts"),
    ]  # fmt: skip
    assert (await run(hearth, live_server, "show", "--edition", "1"))[1] == FOLDS


def _folded(heard: list[frames.ServerFrame]) -> bool:
    return any(isinstance(one, frames.Notice) and one.kind == "collapsed" for one in heard)


def test_a_file_is_checked_without_a_place(tmp_path: Path) -> None:
    server = LiveServer(tmp_path)
    file = tmp_path / "mine.toml"
    file.write_text("[risk]\nnow_from = 0.8\nfoo = 1\n")
    status, said = hearth(server, "check", str(file))
    assert status == 1
    assert said.startswith("WRONG: line 3, risk.foo: is not known. Allowed: now_level")
    file.write_text("[risk]\nnow_from = 0.8\n")
    status, said = hearth(server, "check", str(file))
    assert status == 0
    assert "risk.now_from: 0.5 -> 0.8" in said
    assert "FOR PEOPLE IN DANGER: line 2, risk.now_from" in said
    status, said = hearth(server, "check", str(tmp_path / "nothing.toml"))
    assert (status, "cannot be read" in said) == (1, True)


@pytest.mark.parametrize(
    "verb", ["show", "check", "replay", "apply", "shadow", "rollback", "history"]
)
def test_each_verb_has_an_example(tmp_path: Path, verb: str) -> None:
    status, said = hearth(LiveServer(tmp_path), verb, "--help")
    assert status == 0
    assert f"hearth policy {verb}" in said.partition("example:")[2]
