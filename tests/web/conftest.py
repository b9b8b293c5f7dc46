"""Browsers come first, as they wait much: left for the end, they would have the machine for themselves. And
they are asked twice: a busy machine lets a page wait longer than any patience. What fails again, fails."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Their order, and a second run, named in the summary of tests."""
    items.sort(key=lambda item: not _is_here(item))
    for item in filter(_is_here, items):
        item.add_marker(pytest.mark.flaky(reruns=1))


def _is_here(item: pytest.Item) -> bool:
    return item.path.is_relative_to(HERE)
