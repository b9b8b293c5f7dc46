"""`hearth audit` and the doctor's line about it, beside a real server; what it adds is signed while it runs."""

import asyncio
import json
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import asyncpg

from server.cli.audit import look
from server.cli.members import add_member, make_token
from server.client import Http
from server.services.founding import found
from server.store import audit
from server.store.work import Work
from tests.server import command
from tests.server.live_server import LiveServer


def hearth(server: LiveServer, *arguments: str) -> tuple[int, str]:
    """Exit code and output of one command on the server's data."""
    done = command.hearth(server.environment(), *arguments)
    return done.returncode, done.stdout + done.stderr


def _act(work: Work) -> None:
    for _ in range(5):
        audit.append(work, None, "case.read", None)


async def _tamper(server: LiveServer, statement: str) -> None:
    """Past Hearth, as whoever has the database can."""
    if url := server.settings.database_url:
        connection = await asyncpg.connect(url)
        await connection.execute(statement)
        await connection.close()
        return
    with closing(sqlite3.connect(server.settings.sqlite_path)) as database, database:
        database.execute(statement)


async def test_a_running_server_signs_within_seconds_and_all_of_it_when_it_stops(
    live_server: LiveServer,
):
    def staff(work: Work) -> str:
        add_member(work, "fernhollow", "moderator", None)
        work.session.flush()
        return make_token(work, "fernhollow")

    http = Http(live_server.url, await live_server.on_database(staff))
    await http.call("PUT", "/api/shift", {"on": True})
    written = await asyncio.to_thread(look, live_server.settings)
    async with asyncio.timeout(20):
        await _signed_up_to(live_server, written.rows)

    await http.call("PUT", "/api/shift", {"on": False})
    await live_server.stop()
    report = await asyncio.to_thread(look, live_server.settings)
    assert (report.ok, report.signed, report.notes) == (True, written.rows + 1, ())


async def test_the_command_says_what_is_wrong_and_what_to_do(tmp_path: Path):
    server = LiveServer(tmp_path)
    assert hearth(server, "audit", "verify")[0] == 1  # there is nothing yet
    assert not server.settings.sqlite_path.exists()
    await server.on_database(partial(found, open_to_all=True))
    await server.on_database(_act)
    code, words = hearth(server, "audit", "verify")
    assert (code, words) == (0, "7 rows, each as it was written; signed up to row 7.\n")
    assert "well  audit log: 7 rows" in hearth(server, "doctor")[1]
    assert "nothing to accept" in hearth(server, "audit", "accept")[1]

    await _tamper(server, "UPDATE audit SET verb = 'case.hide' WHERE number = 4")
    code, words = hearth(server, "audit", "verify")
    told = json.loads(hearth(server, "audit", "verify", "--json")[1])
    assert code == 1
    assert "From row 4 on. Time of the last good row: 20" in words
    assert "What to do: Copy the whole data folder" in words
    assert (told["ok"], told["rows"], told["problems"][0]["code"]) == (False, 3, "changed")
    assert "MEND  audit log: Row 4 is not as it was written" in hearth(server, "doctor")[1]
    assert "not mended by signing anew" in hearth(server, "audit", "accept")[1]


async def test_a_backup_that_was_put_back_is_accepted_once_and_that_is_written_down(tmp_path: Path):
    server = LiveServer(tmp_path)
    await server.on_database(partial(found, open_to_all=True))
    await server.on_database(_act)
    await _tamper(server, "DELETE FROM audit WHERE number > 5")
    code, words = hearth(server, "audit", "verify")
    assert (code, "cut_off" in words, "hearth audit accept" in words) == (1, True, True)
    await server.on_database(_act)  # goes on, and nothing is signed over it
    assert hearth(server, "audit", "verify")[0] == 1

    code, words = hearth(server, "audit", "accept")
    newest = await server.on_database(audit.head)
    assert code == 0, words
    assert newest is not None
    assert (newest.number, newest.verb, newest.subject) == (11, "audit.accept", "rewritten")
    code, words = hearth(server, "audit", "verify")
    assert (code, "Signed anew after `hearth audit accept`: 1" in words) == (0, True)
    assert len(list(server.settings.data_dir.glob("audit-heads.until-*"))) == 1


async def test_after_a_crash_nothing_is_called_tampering(live_server: LiveServer):
    token = await live_server.on_database(_steward)
    http = Http(live_server.url, token)
    for number in range(10):
        new = {"name": f"Room {number}", "purpose": "To talk."}
        await http.call("POST", "/api/steward/rooms", new)
    live_server.kill()
    before = await asyncio.to_thread(look, live_server.settings)
    assert before.ok
    await live_server.start()
    async with asyncio.timeout(20):
        await _signed_up_to(live_server, before.rows)


async def _signed_up_to(server: LiveServer, number: int) -> None:
    while (await asyncio.to_thread(look, server.settings)).signed != number:  # noqa: ASYNC110
        await asyncio.sleep(0.2)


def _steward(work: Work) -> str:
    add_member(work, "hearthkeeper", "steward", None)
    work.session.flush()
    return make_token(work, "hearthkeeper")
