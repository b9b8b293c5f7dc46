"""`hearth replay` against a real server: counted, also when the server is killed under it."""

import asyncio
import json
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.replay.command import member_name, sign_up_all
from server.replay.conversations import BadFile, Conversation, cut, read_file
from server.replay.performance import Options, Replay, is_clean
from server.replay.plan import Plan
from server.replay.staging import can_stage_here, stage_here
from tests.server.live_server import ROOT, LiveServer


def invented(count: int) -> list[Conversation]:
    return [
        Conversation(
            f"Day {n}: the house is quiet and I do not know what to do with my hands.",
            [f"I know that quiet, number {n}. What did you do yesterday?", "Tea helps me, a bit."],
        )
        for n in range(count)
    ]


def write(path: Path, conversations: list[Conversation]) -> Path:
    rows = [
        {"post_id": str(n), "post": conversation.post, "reply": reply}
        for n, conversation in enumerate(conversations)
        for reply in conversation.replies
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_lines_with_the_same_post_share_it(tmp_path: Path) -> None:
    path = write(tmp_path / "said.jsonl", invented(3))
    assert read_file(path) == invented(3)
    assert sum(1 + len(c.replies) for c in read_file(path, limit=5)) == 5


@pytest.mark.parametrize("line", ["{", "[]", '{"post": 1, "reply": "a"}', '{"post": "secret"}'])
def test_a_bad_line_is_named_by_its_number_and_not_quoted(tmp_path: Path, line: str) -> None:
    path = tmp_path / "said.jsonl"
    path.write_text('{"post": "a", "reply": "b"}\n' + line + "\n")
    with pytest.raises(BadFile) as caught:
        read_file(path)
    assert "line 2" in caught.value.detail
    assert "secret" not in caught.value.detail


@given(st.integers(1, 5), st.integers(0, 6), st.integers(1, 40))
async def test_everything_is_said_and_nobody_answers_themselves(
    people: int, conversations: int, limit: int
) -> None:
    said = cut(invented(conversations), limit)
    plan = Plan(said, [uuid4()], people)
    turns: list[tuple[int, int | None]] = []

    async def person(number: int) -> None:
        while turn := await plan.take(number):
            turns.append((number, turn.asker))
            await asyncio.sleep(0)
            plan.said(turn, number, uuid4())

    async with asyncio.timeout(5):
        await asyncio.gather(*(person(number) for number in range(people)))
    assert len(turns) == sum(1 + len(c.replies) for c in said)
    assert people == 1 or all(number != asker for number, asker in turns)


async def test_the_command_counts_and_is_clean(live_server: LiveServer, tmp_path: Path) -> None:
    path = write(tmp_path / "said.jsonl", invented(8))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import sys; from server.cli import main; sys.exit(main())",
        *("replay", str(path), "--url", live_server.url, "--clients", "5", "--json"),
        cwd=ROOT,
        env=live_server.environment(),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    figures = json.loads(output)
    assert process.returncode == 0
    assert figures["posted"] == figures["acknowledged"] == 24
    assert figures["delivered"] == figures["expected"] == 24 * 7
    assert figures["lost"] == figures["doubled"] == figures["out_of_order"] == 0
    assert figures["p50_ms"] > 0


async def test_a_server_killed_in_the_middle_loses_and_doubles_nothing(
    live_server: LiveServer,
) -> None:
    tokens = await sign_up_all(live_server.url, "kills", 6)
    settings, url = live_server.settings, live_server.url
    assert await asyncio.to_thread(can_stage_here, settings, url, member_name("kills", 0))
    assert not await asyncio.to_thread(can_stage_here, settings, url, "somebody else")
    stage = await asyncio.to_thread(stage_here, settings, 2)
    replay = Replay(Options(url, first_wait_s=0.05, most_wait_s=0.5), stage)
    running = asyncio.create_task(replay.run(invented(60), tokens))
    for count in (20, 90):
        while replay.ledger.counts["acknowledged"] < count:  # noqa: ASYNC110 - a condition
            await asyncio.sleep(0.002)
        await live_server.restart()
    figures = await running
    assert figures["acknowledged"] == 180
    assert figures["expected"] == 180 * 8
    assert is_clean(figures)
