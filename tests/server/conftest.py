"""What tests of the server may ask for."""

from pathlib import Path

import pytest

from tests.engines import are_shared
from tests.server.live_server import live_server, standing_server
from tests.server.store_fixture import any_house, house, server, usual_server

__all__ = ["any_house", "house", "live_server", "server", "standing_server", "usual_server"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A second try, named in the summary, where PostgreSQL was away: a machine that stands still for seconds
    in a transaction loses it (server.store.engines), and whoever asks is told to ask again.
    Not where that is tested."""
    again = pytest.mark.flaky(reruns=1, only_rerun=["[Uu]navailable"])
    for item in items:
        asks_for_it = "postgres" in getattr(item, "fixturenames", ())
        on_postgres = are_shared() or asks_for_it or "[postgres" in item.name
        if item.path.name == "test_postgres_lines.py":
            continue
        if on_postgres and item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(again)
