"""Browsers wait much and need much: their files are spread among the others, so that few run at once. And they
are asked twice: a busy machine lets a page wait longer than any patience. What fails again, fails."""

from itertools import groupby
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Their order, and a second run, named in the summary of tests."""
    files = [list(some) for _, some in groupby(items, key=lambda item: item.path)]
    ours = [some for some in files if _is_here(some[0])]
    others = [some for some in files if not _is_here(some[0])]
    for item in (item for some in ours for item in some):
        item.add_marker(pytest.mark.flaky(reruns=1))
    step = len(others) // max(1, len(ours))
    for number, some in enumerate(ours):
        others.insert(number * (step + 1), some)
    items[:] = [item for some in others for item in some]


def _is_here(item: pytest.Item) -> bool:
    return item.path.is_relative_to(HERE)
