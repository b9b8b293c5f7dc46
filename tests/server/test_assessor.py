"""The classifier's process: killed, frozen or slow, it never keeps anybody waiting, and it comes back."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from moderation.classifier import Assessment, Passage
from server.assessor import Assessor

READY_S = 30.0
DEADLINE_S = 5.0


@pytest.fixture
async def assessor() -> AsyncIterator[Assessor]:
    assessor = Assessor("embedded", None, deadline_s=DEADLINE_S)
    await assessor.start()
    await ready(assessor)
    yield assessor
    await assessor.close()


async def ready(assessor: Assessor) -> None:
    async with asyncio.timeout(READY_S):
        while assessor.state != "ready":  # noqa: ASYNC110 - a process tells nobody
            await asyncio.sleep(0.05)


def process_of(assessor: Assessor) -> int:
    assert assessor.process_id is not None
    return assessor.process_id


async def test_many_texts_are_read_at_once_and_each_gets_its_own_answer(assessor: Assessor) -> None:
    texts = [
        "you are a stupid worthless idiot" if number % 2 else "thank you, that helped"
        for number in range(40)
    ]
    read = await asyncio.gather(*(assessor.assess(Passage(text)) for text in texts))
    assert all(assessment.assessed and assessment.model == assessor.version for assessment in read)
    rude = [assessment.signals["toxicity"] for assessment in read[1::2]]
    kind = [assessment.signals["toxicity"] for assessment in read[::2]]
    assert min(rude) > max(kind)


async def test_a_killed_process_is_replaced_and_those_who_waited_are_told(
    assessor: Assessor,
) -> None:
    before = process_of(assessor)
    os.kill(before, signal.SIGSTOP)
    waiting = asyncio.ensure_future(assessor.assess(Passage("anybody there?")))
    await asyncio.sleep(0.1)
    os.kill(before, signal.SIGKILL)
    told = await waiting
    assert not told.assessed
    assert told.why_not == "broken"
    await ready(assessor)
    assert process_of(assessor) != before
    assert (await assessor.assess(Passage("thank you"))).assessed


async def test_a_frozen_process_keeps_nobody_waiting(assessor: Assessor) -> None:
    os.kill(process_of(assessor), signal.SIGSTOP)
    told = await assessor.assess(Passage("anybody there?"), deadline_s=0.2)
    assert not told.assessed
    assert told.why_not == "late"
    os.kill(process_of(assessor), signal.SIGCONT)
    assert (await assessor.assess(Passage("thank you"))).assessed


async def test_before_it_is_ready_nothing_waits() -> None:
    assessor = Assessor("embedded", None, deadline_s=DEADLINE_S)
    assert not (await assessor.assess(Passage("hello"))).assessed


async def test_a_backend_that_cannot_start_leaves_everything_not_assessed(tmp_path: Path) -> None:
    assessor = Assessor("detoxify", tmp_path, deadline_s=DEADLINE_S)
    await assessor.start()
    await asyncio.sleep(1)
    told: Assessment = await assessor.assess(Passage("hello"))
    assert not told.assessed
    assert assessor.state != "ready"
    await assessor.close()
