"""Guessing, telling names apart, sockets from elsewhere, scripts in words: few tries, nothing told, nobody kept out."""

import asyncio
import tempfile
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from server.access import Role
from server.ids import digest, new_code, new_id
from server.services import conversations, names, seats, sessions
from server.services.passphrases import hash_now
from server.services.rooms import make_room
from server.store.tables import Invitation, Member
from server.store.work import Work
from tests.drills import _guessing as guessing
from tests.drills._origins import from_a_page, opens, variants
from tests.drills._scripts import in_every_view
from tests.drills._servers import Circumstances, DrillServer
from tests.drills._sizes import size
from tests.drills._telling_apart import Probe, tell_apart
from tests.server.live_server import LiveServer

_NAME, _SECRET = "Heron by the pond", "three herons, one pond"
_PER_ACCOUNT, _PER_NETWORK = 10, 30
_CONTROL_GUESSES, _CONTROL_PROBES = 60, 40
_TRIES = 9
"""Wrong ones for each account, so that the limit never answers."""


def run() -> dict[str, Any]:
    """GUESSES (1000) of each kind, PROBES (2000) of each form, PAYLOADS (all of 500 and more) in each view.

    ok: at most 10 tries at an account and 30 from a network are looked at in an hour, and whoever it belongs to
    still comes in; what is there cannot be told from what is not; no socket opens for another Origin; no
    script runs and nothing is loaded from elsewhere. Controls, each caught: without limits; where a missing
    name is answered at once; on a page of our own; without the page's own policy.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="hearth-guess-") as folder:
        root = Path(folder)
        figures: dict[str, Any] = {}
        checks = [
            *await guess(root / "guess", size("GUESSES", 1_000), figures),
            *await tell(root / "tell", size("PROBES", 2_000), figures),
            *await elsewhere(root / "origins", figures),
            *await in_every_view(root / "scripts", size("PAYLOADS", 0), figures),
        ]
    caught = all(value for name, value in figures.items() if name.endswith("_caught"))
    failed = [name for name, is_so in checks if not is_so]
    return figures | {"failed": failed, "control_caught": caught, "ok": caught and not failed}


async def guess(folder: Path, count: int, figures: dict[str, Any]) -> list[tuple[str, bool]]:
    """F9: how many guesses are looked at, and who is kept out."""
    server = LiveServer(folder / "sound", limits="normal", trusted_proxies="127.0.0.1")
    looked: dict[str, int] = {}
    try:
        await server.start()
        made = await server.on_database(_Owner)
        known = await asyncio.to_thread(
            guessing.ask, server.port, guessing.log_in(_NAME, secret=_SECRET, network=3_000)
        )
        for kind, guesses in guessing.series(count, _NAME).items():
            codes = await asyncio.to_thread(guessing.ask_all, server.port, guesses())
            looked[kind] = guessing.looked_at(codes)
        proofs = [guessing.proof(made.token, number) for number in range(min(count, 500))]
        codes = await asyncio.to_thread(guessing.ask_all, server.port, proofs)
        looked["proofs_of_one_session"] = guessing.looked_at(codes)
        owner = await asyncio.to_thread(_come_in, server.port, known.mark, made.code)
    finally:
        server.kill()
    figures |= {"guesses": count, "looked_at": looked, "owner_comes_in": owner}
    figures["spoofed_looked_at"] = await _spoofed(folder / "spoofed", count)
    figures["control_no_limits_looked_at"] = await _unlimited(folder / "unlimited")
    figures["control_no_limits_caught"] = figures["control_no_limits_looked_at"] > _PER_NETWORK
    return [
        ("tries at an account", looked["one_account_many_networks"] <= _PER_ACCOUNT),
        ("tries from a network", looked["many_accounts_one_network"] <= _PER_NETWORK),
        ("tries at a code", looked["codes_one_network"] <= _PER_ACCOUNT),
        ("tries at an invitation", looked["invitations_one_network"] <= _PER_ACCOUNT),
        ("tries at a proof", looked["proofs_of_one_session"] <= _PER_ACCOUNT),
        ("a header changes the network", figures["spoofed_looked_at"] <= _PER_NETWORK),
        ("the owner comes in", owner == {"known_device": 201, "elsewhere": 429, "by_code": 201}),
    ]


class _Owner:
    """Somebody with a passphrase, a code, and a session that they left open."""

    def __init__(self, work: Work) -> None:
        self.code = new_code()
        member = Member(
            pseudonym=_NAME, name_key=names.name_key(_NAME), passphrase_hash=hash_now(_SECRET),
            recovery_digest=digest(self.code), joined_at=work.now,
        )  # fmt: skip
        work.session.add(member)
        work.session.flush()
        self.token = sessions.open_session(work, member, "program").token


def _come_in(port: int, mark: str, code: str) -> dict[str, int]:
    """After all that: on a device that was here before, on another, and there with the code."""
    known = guessing.log_in(_NAME, secret=_SECRET, device=mark, network=3_000)
    elsewhere = guessing.log_in(_NAME, secret=_SECRET, network=3_001)
    by_code = guessing.log_in(_NAME, code=code, network=3_001)
    return {
        "known_device": guessing.ask(port, known).status,
        "elsewhere": guessing.ask(port, elsewhere).status,
        "by_code": guessing.ask(port, by_code).status,
    }


async def _spoofed(folder: Path, count: int) -> int:
    """Looked at, where no proxy is believed and each guess names another network."""
    server = LiveServer(folder, limits="normal")
    try:
        await server.start()
        guesses = [
            guessing.log_in(f"Somebody {n}", secret="the same guess", network=n)
            for n in range(min(count, 200))
        ]
        return guessing.looked_at(await asyncio.to_thread(guessing.ask_all, server.port, guesses))
    finally:
        server.kill()


async def _unlimited(folder: Path) -> int:
    changed = Circumstances(changed={"DRILL_WITHOUT": "limits"})
    server = DrillServer(folder, changed, limits="normal")
    try:
        await server.start()
        guesses = [
            guessing.log_in(_NAME, secret=f"guess number {n}") for n in range(_CONTROL_GUESSES)
        ]
        return guessing.looked_at(await asyncio.to_thread(guessing.ask_all, server.port, guesses))
    finally:
        server.kill()


async def tell(folder: Path, count: int, figures: dict[str, Any]) -> list[tuple[str, bool]]:
    """F10: what is there, and what is not."""
    server = LiveServer(folder / "sound", limits="bench")
    try:
        await server.start()
        there = await server.on_database(partial(_There, count=count))
        told = [
            await asyncio.to_thread(tell_apart, server.port, probe, count)
            for probe in probes(there)
        ]
        taken = await asyncio.to_thread(_taken, server.port)
    finally:
        server.kill()
    changed = Circumstances(changed={"DRILL_WITHOUT": "same_time"})
    hasty = DrillServer(folder / "hasty", changed, limits="bench")
    try:
        await hasty.start()
        there = await hasty.on_database(partial(_There, count=_CONTROL_PROBES))
        control = await asyncio.to_thread(tell_apart, hasty.port, probes(there)[0], _CONTROL_PROBES)
    finally:
        hasty.kill()
    figures["told"] = {one.name: one.figures() for one in told}
    figures["name_taken_tells"] = taken
    figures["control_same_time"] = control.figures()
    figures["control_same_time_caught"] = control.is_told
    return [(f"telling apart by {one.name}", not one.is_told) for one in told]


class _There:
    """What is there to be found: accounts, an invitation that was used, a room and a copy of others."""

    def __init__(self, work: Work, count: int) -> None:
        stored, self.mark = hash_now(_SECRET), str(new_id())[-6:]
        members = [self._member(work, n, stored) for n in range(count // _TRIES + 1)]
        self.token = sessions.open_session(work, self._member(work, count, stored), "program").token
        self.code = new_code()
        work.session.add(
            Invitation(
                code_digest=digest(self.code), created_at=work.now, expires_at=work.now,
                redeemed_at=work.now, redeemed_by=members[0].id,
            )
        )  # fmt: skip
        room = make_room(work, f"Room {self.mark}", "To be in.").id
        seats.take_seat(work, room, members[0].id)
        line = conversations.open_conversation(work, room, members[0].id, [members[0].id], "A line")
        self.room, self.session = (
            line.id,
            sessions.open_session(work, members[0], "program").session,
        )
        work.session.flush()
        self.session_id: UUID = self.session.id

    def _member(self, work: Work, number: int, stored: str) -> Member:
        name = self.name(number)
        member = Member(
            pseudonym=name, name_key=names.name_key(name), passphrase_hash=stored, role=Role.PEER,
            recovery_digest=digest(new_code()), joined_at=work.now,
        )  # fmt: skip
        work.session.add(member)
        work.session.flush()
        return member

    def name(self, number: int) -> str:
        """Of a member."""
        return f"Teal {self.mark} {number}"

    def asked(self, is_there: bool, number: int) -> str:
        """A name as long as theirs, so many times each."""
        found = self.name(number // _TRIES)
        return found if is_there else found.replace("Teal", "Gull")


def probes(there: _There) -> list[Probe]:
    """Every door that could tell a stranger, or a member, of what is not theirs."""
    nobody = new_code()
    return [
        Probe(
            "passphrase", "POST", _always("/api/sessions"),
            lambda is_there, n: {
                "pseudonym": there.asked(is_there, n), "passphrase": f"a wrong guess {n}",
            },
        ),
        Probe(
            "recovery code", "POST", _always("/api/sessions"),
            lambda is_there, n: {
                "pseudonym": there.asked(is_there, n), "recovery_code": new_code(),
            },
        ),
        Probe(
            "invitation", "POST", _always("/api/members"),
            lambda is_there, n: guessing.invited(n).body | {"invitation": there.code if is_there else nobody},
        ),
        Probe(
            "room", "GET",
            lambda is_there, _: f"/api/rooms/{there.room if is_there else new_id()}",
            lambda *_: None, there.token,
        ),
        Probe(
            "session", "DELETE",
            lambda is_there, _: f"/api/sessions/{there.session_id if is_there else new_id()}",
            lambda *_: None, there.token,
        ),
    ]  # fmt: skip


def _always(path: str) -> Any:
    return lambda *_: path


def _taken(port: int) -> bool:
    """Whether signing up says that a name is taken: it has to, and a network may ask ten times an hour."""
    body = guessing.invited(0).body | {"pseudonym": "Teal again", "invitation": None}
    one = guessing.ask(port, guessing.Guess("/api/members", body))
    two = guessing.ask(port, guessing.Guess("/api/members", body))
    return one.status == 201 and two.code == "name_taken"


async def elsewhere(folder: Path, figures: dict[str, Any]) -> list[tuple[str, bool]]:
    """F6: sockets with a cookie, from each Origin and from a page."""
    server = LiveServer(folder)
    try:
        await server.start()
        owner = await server.on_database(_Owner)
        cookie, bearer = (
            {"Cookie": f"hearth={owner.token}"},
            {"Authorization": f"Bearer {owner.token}"},
        )
        opened = [
            name
            for name, origin in variants(server.port).items()
            if await opens(server.port, origin, cookie)
        ]
        ours = await opens(server.port, f"http://localhost:{server.port}", cookie)
        program = await opens(server.port, None, bearer)
        heard = await from_a_page(server.port, owner.token)
    finally:
        server.kill()
    figures |= {
        "origins": len(variants(0)), "opened_from_elsewhere": opened, "frames_elsewhere": heard["elsewhere"],
        "control_own_page_frames": heard["own"], "control_own_page_caught": heard["own"] > 0 and ours,
    }  # fmt: skip
    return [
        ("a socket opens for another Origin", not opened),
        ("a page elsewhere hears", heard["elsewhere"] == 0),
        ("a program opens without an Origin", program),
    ]
