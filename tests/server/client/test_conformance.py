"""What every client does, whichever language it is in: the cases of tests/conformance/."""

import json
from typing import Any

import pytest

from tests.server.client.stage import CASES, Stage, StillClock, StillLine, settle

FILES = sorted(CASES.glob("*.json"))


def cases() -> list[Any]:
    return [
        pytest.param(case["steps"], id=f"{path.stem}: {case['name']}")
        for path in FILES
        if path.stem != "frames"
        for case in json.loads(path.read_text("utf-8"))
    ]


@pytest.mark.parametrize("steps", cases())
async def test_the_client_does_what_every_client_does(steps: list[dict[str, Any]]) -> None:
    await Stage().play(steps)


@pytest.mark.parametrize("steps", cases())
async def test_and_the_same_where_frames_are_fetched(steps: list[dict[str, Any]]) -> None:
    await Stage(is_polled=True).play(steps)


async def test_what_is_fetched_twice_is_handed_over_once() -> None:
    line = StillLine(print)
    socket = line.socket(StillClock())
    for number in range(5):
        line.comes(str(number))
        await settle()
    line.breaks(4408)
    assert [text async for text in socket] == ["0", "1", "2", "3", "4"]
    assert socket.close_code == 4408
    await socket.close()


@pytest.mark.parametrize("is_polled", [False, True])
@pytest.mark.parametrize(
    "steps",
    [
        [{"opens": "one"}, {"joins": "kitchen", "after": 3}],
        [{"opens": "one"}, {"posts": "a", "room": "kitchen", "text": "Hello."}, {"sends": []}],
        [{"opens": "one"}, {"opens": "one"}],
        [{"opens": "one"}, {"breaks": None}, {"opening": True}],
        [{"opens": "one"}, {"breaks": 4401}, {"over": False}],
        [{"opens": "one"}, {"anew": ["kitchen"]}],
        [{"opens": "one"}, {"hears": ["kitchen 1"]}],
    ],
)
async def test_a_case_that_expects_something_else_fails(
    steps: list[dict[str, Any]], is_polled: bool
) -> None:
    with pytest.raises(AssertionError):
        await Stage(is_polled=is_polled).play(steps)
