"""A steward's strongest acts are not open to whoever finds the page unlocked."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from server.cli.members import add_member, make_token
from server.client import Declined, Http
from server.protocol import bodies
from server.services import tokens
from server.store.tables import Session
from server.store.work import Work
from tests.server.live_server import LiveServer

STRONG = [
    ("POST", "/api/steward/invitations", {"role": "moderator"}),
    ("PATCH", "/api/steward/members/{member}", {"role": "moderator"}),
    ("PATCH", "/api/steward/members/{member}", {"state": "removed", "reason": "Enough."}),
    ("PUT", "/api/steward/rooms/{room}/keepers", {"member": "{member}", "seat": "host"}),
    ("PUT", "/api/steward/retention/messages", {"days": 30}),
    ("PUT", "/api/steward/labels", {"allowed": True}),
    ("PATCH", "/api/steward/push", {"on": False}),
    ("POST", "/api/age-changes/{member}", {"confirm": True}),
]
DAILY = [
    ("POST", "/api/steward/invitations", {"role": "peer"}),
    ("PATCH", "/api/steward/members/{member}", {"state": "active"}),
]


async def keeper(server: LiveServer) -> tuple[Http, str]:
    """A steward whose proof is too old."""
    name = f"Keeper {uuid4().hex[:8]}"
    await server.on_database(lambda work: add_member(work, name, "steward", None))
    token = await server.on_database(lambda work: make_token(work, name))
    await server.on_database(_forget_proofs)
    return Http(server.url, token), name


def _forget_proofs(work: Work) -> None:
    work.session.exec(update(Session).values(proved_at=None))


def _prove_all(work: Work) -> None:
    work.session.exec(update(Session).values(proved_at=work.now))


async def code_of(
    server: LiveServer, http: Http, method: str, path: str, body: dict[str, object]
) -> str:
    """The refusal's code; empty when it was done."""
    entered = await Http(server.url).sign_up(f"Wren {uuid4().hex[:8]}")
    room: UUID = (await http.read("/api/rooms", bodies.Rooms)).rooms[0].id
    ids = {"member": str(entered.me.id), "room": str(room)}
    filled = {k: v.format(**ids) if isinstance(v, str) else v for k, v in body.items()}
    try:
        await http.call(method, path.format(**ids), filled)
    except Declined as declined:
        return declined.code
    return ""


@pytest.mark.parametrize(("method", "path", "body"), STRONG)
async def test_a_strong_act_asks_who_sits_there_and_then_goes_on(
    standing_server: LiveServer, method: str, path: str, body: dict[str, object]
) -> None:
    http, _ = await keeper(standing_server)
    assert await code_of(standing_server, http, method, path, body) == "proof_needed"
    await standing_server.on_database(_prove_all)
    goes_on = "not_found" if "age-changes" in path else ""  # nobody asked for another group
    assert await code_of(standing_server, http, method, path, body) == goes_on


@pytest.mark.parametrize(("method", "path", "body"), DAILY)
async def test_what_is_done_every_day_asks_nothing(
    standing_server: LiveServer, method: str, path: str, body: dict[str, object]
) -> None:
    http, _ = await keeper(standing_server)
    assert await code_of(standing_server, http, method, path, body) == ""


async def test_a_programs_token_was_made_for_what_it_asks(standing_server: LiveServer) -> None:
    _, name = await keeper(standing_server)
    token = await standing_server.on_database(
        lambda work: tokens.add(work, f"labels-{uuid4().hex[:8]}", name, ["steward.labels"], 1)
    )
    await standing_server.on_database(_forget_proofs)
    program = Http(standing_server.url, token)
    assert await program.call("PUT", "/api/steward/labels", {"allowed": False})
