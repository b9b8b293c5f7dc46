"""Where somebody is: no address lies in the database or the log, only the keyed hash of its network, for an hour."""

import asyncio
import http.client
import json
from ipaddress import ip_address
from pathlib import Path

import pytest
from sqlmodel import select

from server.store.tables import Guess
from server.store.work import Work
from tests.server.live_server import LiveServer

SECRET = "three herons, one pond"
NAME = "Heron by the pond"
_SAID = ("old_enough", "not_an_emergency_service", "machine_reads_for_safety")
AT_HOME, AT_WORK = "203.0.113.77", "198.51.100.12"


def ask(server: LiveServer, address: str, path: str, **body: object) -> int:
    """As from there, through the proxy in front."""
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    headers = {"Content-Type": "application/json", "X-Forwarded-For": address}
    line.request("POST", path, json.dumps(body | {"as_program": True}), headers)
    answer = line.getresponse()
    answer.read()
    line.close()
    return answer.status


def networks(work: Work) -> set[str]:
    return set(work.session.exec(select(Guess.key).where(Guess.kind == "entered_address")))


def lies_in(folder: Path, address: str) -> list[str]:
    """Files that hold it, or the network that it is in: written out, or as four bytes."""
    whole = ip_address(address)
    network = ip_address(address.rpartition(".")[0] + ".0")
    forms = (address.rpartition(".")[0].encode(), whole.packed, network.packed)
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path.name for path in files if any(form in path.read_bytes() for form in forms)]


@pytest.mark.embedded("the files of the database are looked through")
async def test_no_file_holds_where_somebody_came_from(tmp_path: Path) -> None:
    server = LiveServer(tmp_path / "hearth", trusted_proxies="127.0.0.1", limits="normal")
    await server.start()
    try:
        entered = {"pseudonym": NAME, "passphrase": SECRET}
        signing_up = entered | dict.fromkeys(_SAID, True)
        assert await asyncio.to_thread(ask, server, AT_HOME, "/api/members", **signing_up) == 201
        for address in (AT_HOME, AT_WORK):
            wrong = entered | {"passphrase": "a guess at it all"}
            assert await asyncio.to_thread(ask, server, address, "/api/sessions", **wrong) == 401
            assert await asyncio.to_thread(ask, server, address, "/api/sessions", **entered) == 201
        assert len(await server.on_database(networks)) == 2, "the guard: each was counted apart"
    finally:
        await server.stop()
    assert [lies_in(server.folder, address) for address in (AT_HOME, AT_WORK)] == [[], []]
    (server.folder / "data" / "note").write_text(f"came from {AT_WORK}")
    assert lies_in(server.folder, AT_WORK) == ["note"], "the guard: it would be found"
