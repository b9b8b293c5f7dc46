"""What the drills `brute-force` and `canaries` judge by can fail, and what they look for is found."""

from collections import Counter
from pathlib import Path

from server.access import Role
from server.ids import new_code
from server.services import sessions
from server.store.tables import Member
from server.store.work import Work
from tests.drills._guessing import looked_at
from tests.drills._origins import opens, variants
from tests.drills._planting import Planted, files_of, found_in
from tests.drills._telling_apart import MOST_AUC, Told
from tests.server.live_server import LiveServer


def told(there: list[float], missing: list[float], *, same: bool = True) -> Told:
    answer = {(404, b"{}")}
    return Told(
        "one",
        {True: there, False: missing},
        {True: answer, False: answer if same else {(200, b"")}},
    )


def test_what_takes_longer_or_looks_otherwise_is_told() -> None:
    even = [0.01 + n % 7 / 10_000 for n in range(200)]
    assert not told(even, even).is_told
    assert told(even, even, same=False).is_told
    assert told([one + 0.001 for one in even], even).auc > MOST_AUC
    assert told(even, [one + 0.001 for one in even]).is_told
    slower = [one * (1 if n % 2 else 2) for n, one in enumerate(even)]
    assert told(slower, even).is_told


def test_a_canary_is_found_as_it_is_and_in_hex(tmp_path: Path) -> None:
    planted = Planted()
    one, two, three = (
        planted.new(where) for where in ("frame.post.text", "journal", "steward_place.about")
    )
    (tmp_path / "a").write_bytes(b"\x00" + one.encode() + b"\x00")
    (tmp_path / "b").write_text(f"\\x{two.encode().hex()}")
    assert found_in(files_of(tmp_path)) == {one, two}
    assert planted.hidden() == {one, two}
    assert three in planted.by_word
    planted.answered(one, 422, f"not {one}".encode())
    planted.answered(two, 200, b"")
    assert planted.echoed == ["frame.post.text"]
    assert planted.accepted == {two}


def test_only_what_was_refused_unread_was_not_looked_at() -> None:
    assert looked_at(Counter(wrong_log_in=10, too_fast=90, unavailable=1)) == 11


async def test_no_origin_but_ours_opens_a_socket_with_a_cookie(standing_server: LiveServer) -> None:
    token = await standing_server.on_database(somebody)
    port, cookie = standing_server.port, {"Cookie": f"hearth={token}"}
    found = variants(port)
    assert len(found) == 14
    assert [name for name, origin in found.items() if await opens(port, origin, cookie)] == []
    assert await opens(port, f"http://localhost:{port}", cookie)
    assert await opens(port, None, {"Authorization": f"Bearer {token}"})


def somebody(work: Work) -> str:
    name = new_code()
    member = Member(pseudonym=name, name_key=name, role=Role.PEER, joined_at=work.now)
    work.session.add(member)
    work.session.flush()
    return sessions.open_session(work, member, "program").token
