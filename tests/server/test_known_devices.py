"""Guessing at an account: few are looked at, also when many come at once, and its owner still comes in."""

import asyncio
import http.client
import json
from collections import Counter

import pytest

from server.client import Http
from server.errors import TooFast
from server.limits import Limits
from server.services.known_devices import KnownDevices
from tests.server.live_server import LiveServer

SECRET = "three herons, one pond"


def test_a_mark_is_known_again_for_its_own_account_and_no_other() -> None:
    devices = KnownDevices(b"s" * 32)
    mark = devices.mark("ash")
    assert devices.find("ash", mark)
    assert devices.find("birch", mark) is None
    assert KnownDevices(b"t" * 32).find("ash", mark) is None
    for wrong in (None, "", ".", mark[:-1], mark.replace(".", ""), "é." + mark, mark + "\u00e9"):
        assert devices.find("ash", wrong) is None


def test_what_is_taken_back_counts_no_more() -> None:
    limits = Limits("normal")
    for _ in range(30):
        limits.hit("log_in_account", "ash")
        limits.take_back("log_in_account", "ash")
    limits.take_back("log_in_account", "birch")
    for _ in range(10):
        limits.hit("log_in_account", "ash")
    with pytest.raises(TooFast):
        limits.hit("log_in_account", "ash")


def try_it(server: LiveServer, name: str, secret: str, cookie: str = "") -> tuple[int, str]:
    """Status, and the mark that the device is given."""
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    headers = {"Content-Type": "application/json", "Cookie": f"hearth-device={cookie}"}
    line.request(
        "POST", "/api/sessions", json.dumps({"pseudonym": name, "passphrase": secret}), headers
    )
    answer = line.getresponse()
    answer.read()
    cookies = [one.partition(";")[0] for one in answer.headers.get_all("set-cookie") or []]
    line.close()
    marks = [one.partition("=")[2] for one in cookies if one.startswith("hearth-device=")]
    return answer.status, marks[0] if marks else ""


def log_out(server: LiveServer, token: str) -> set[str]:
    """The cookies that are taken back."""
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    line.request("DELETE", "/api/sessions/current", headers={"Authorization": f"Bearer {token}"})
    answer = line.getresponse()
    answer.read()
    cookies = answer.headers.get_all("set-cookie") or []
    line.close()
    return {one.partition("=")[0] for one in cookies if "Max-Age=0" in one}


async def test_many_guesses_at_once_are_not_looked_at_and_a_known_device_still_comes_in(
    standing_server: LiveServer,
) -> None:
    entered = await Http(standing_server.url).sign_up("Heron by the pond", SECRET)
    _, mark = await asyncio.to_thread(try_it, standing_server, "Heron by the pond", SECRET)
    assert mark
    guesses = (
        asyncio.to_thread(try_it, standing_server, "Heron by the pond", f"guess number {n}")
        for n in range(16)
    )
    statuses = Counter([status for status, _ in await asyncio.gather(*guesses)])
    assert statuses == {401: 10, 429: 6}
    assert (await asyncio.to_thread(try_it, standing_server, "Heron by the pond", SECRET))[0] == 429
    known = await asyncio.to_thread(try_it, standing_server, "Heron by the pond", SECRET, mark)
    assert known[0] == 201
    assert await asyncio.to_thread(log_out, standing_server, entered.token or "") == {
        "hearth", "hearth-device",
    }  # fmt: skip
    # Nor is anybody kept out who has no such device, and the code that they wrote down.
    asked = {
        "pseudonym": "Heron by the pond",
        "recovery_code": entered.recovery_code,
        "as_program": True,
    }
    assert (await Http(standing_server.url).call("POST", "/api/sessions", asked))["token"]
