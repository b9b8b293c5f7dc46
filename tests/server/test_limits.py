"""How much of what: a moving window on a clock that never goes back."""

import pytest

from server.errors import TooFast
from server.limits import Limits


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.at = 1_000.0

    def __call__(self) -> float:
        return self.at


def test_the_eleventh_in_the_window_is_refused_and_told_when_to_come_back() -> None:
    clock = Clock()
    limits = Limits("normal", clock)
    for _ in range(10):
        limits.hit("post_burst", "ash")
        clock.at += 0.3
    with pytest.raises(TooFast) as refused:
        limits.hit("post_burst", "ash")
    assert refused.value.retry_after_s == 2.0, "five seconds after the first"
    limits.hit("post_burst", "birch")
    limits.hit("post", "ash")
    clock.at += 2.01
    limits.hit("post_burst", "ash")
    with pytest.raises(TooFast):
        limits.hit("post_burst", "ash")


def test_what_was_refused_or_only_asked_is_not_counted() -> None:
    clock = Clock()
    limits = Limits("normal", clock)
    for _ in range(10):
        limits.check("screened", "ash")
        limits.hit("screened", "ash")
    for _ in range(50):
        with pytest.raises(TooFast):
            limits.check("screened", "ash")
        with pytest.raises(TooFast):
            limits.hit("screened", "ash")
    clock.at += 60.1
    limits.hit("screened", "ash")


def test_keys_that_nobody_uses_any_more_are_forgotten() -> None:
    clock = Clock()
    limits = Limits("bench", clock)
    for number in range(9_999):
        limits.hit("frame", f"{number}")
    clock.at += 61
    limits.hit("frame", "last")
    assert list(limits._times) == [("frame", "last")]
