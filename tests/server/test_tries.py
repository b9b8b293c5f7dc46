"""Log-ins are counted: wrong ones soon, right ones so that a ward can change shifts."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from server.client import Declined, Http
from server.errors import TooFast
from server.limits import Limits
from server.networks import read_trusted
from tests.server.live_server import LiveServer
from tests.server.test_staff_over_http import staff

SECRET = "three plain unrelated words"
UNSIGNED = {
    "credential_id": "AAAA", "client_data": "AAAA", "authenticator_data": "AAAA",
    "signature": "AAAA", "as_program": True,
}  # fmt: skip


@pytest.fixture
async def strict(tmp_path: Path) -> AsyncIterator[LiveServer]:
    """A server with the limits of a public place."""
    server = LiveServer(tmp_path, limits="normal")
    await server.start()
    yield server
    await server.stop()


async def said(http: Http, path: str, body: Any) -> str:
    """The refusal's code; empty when it was done."""
    try:
        await http.call("POST", path, body)
    except Declined as declined:
        return declined.code
    return ""


async def test_those_who_come_in_keep_nobody_out_and_are_bounded_by_themselves(
    strict: LiveServer,
) -> None:
    http = Http(strict.url)
    for name in ("Ash of the ward", "Birch of the ward"):
        await http.sign_up(name, SECRET)

    async def log_in(name: str, secret: str = SECRET) -> str:
        asked = {"pseudonym": name, "passphrase": secret, "as_program": True}
        return await said(http, "/api/sessions", asked)

    right = [
        await log_in(name) for _ in range(18) for name in ("Ash of the ward", "Birch of the ward")
    ]
    assert right == [""] * 36, "more than thirty, from one address"
    assert [await log_in("Ash of the ward") for _ in range(3)] == ["", "", "too_fast"]
    # Wrong ones still count: by the account, and by the network.
    wrong = [await log_in(f"Nobody {n}", "not at all") for n in range(31)]
    assert wrong == ["wrong_log_in"] * 30 + ["too_fast"]
    assert await log_in("Birch of the ward") == "too_fast"


async def test_answers_of_passkeys_are_counted(strict: LiveServer) -> None:
    http = Http(strict.url)
    codes = [await said(http, "/api/sessions/passkey", UNSIGNED) for _ in range(31)]
    assert set(codes[:30]) == {"wrong_passkey"}
    assert codes[30] == "too_fast"


async def test_a_page_left_open_makes_no_hundred_invitations(strict: LiveServer) -> None:
    steward, _ = await staff(strict, "Hearthkeeper", "steward")
    codes = [await said(steward, "/api/steward/invitations", {"role": "peer"}) for _ in range(61)]
    assert codes == [""] * 60 + ["too_fast"]


def test_a_trusted_network_may_so_many_times_as_much() -> None:
    limits = Limits(
        "normal", trusted=read_trusted("10.20.0.0/16*2, 10.20.30.7/32*3, 2001:db8::/32*2")
    )
    for address, most in (
        ("192.0.2.1", 30), ("10.20.4.4", 60), ("10.20.30.7", 90), ("10.20.30.8", 60),
        ("10.21.0.1", 30), ("2001:db8::1", 60),
    ):  # fmt: skip
        key = limits.address_key(address)
        for _ in range(most):
            limits.hit("log_in_address", key)
        with pytest.raises(TooFast):
            limits.hit("log_in_address", key)
    assert limits.most("sign_up", limits.address_key("10.20.4.4")) == 20
    assert limits.most("log_in_account", "ash*5") == 10, "only what is counted for a network"
    assert limits.address_key("10.20.4.4") == limits.address_key("10.20.4.5")
    assert limits.address_key("10.20.30.7") != limits.address_key("10.20.30.8")
