"""What every test may ask for."""

import importlib.util
import os

import pytest

pytest_plugins = ["tests.services", "tests.browser"]

NO_DETOXIFY = "the extra `detoxify` is not installed"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without the extra, tests marked `detoxify` are skipped, or fail where they are required."""
    if importlib.util.find_spec("detoxify") or os.environ.get("TEST_REQUIRE_DETOXIFY"):
        return
    for item in items:
        if item.get_closest_marker("detoxify"):
            item.add_marker(pytest.mark.skip(NO_DETOXIFY))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line, so that nobody takes a skipped test for a passed one."""
    skipped = terminalreporter.stats.get("skipped", [])
    names = [report.nodeid for report in skipped if NO_DETOXIFY in str(report.longrepr)]
    if names:
        terminalreporter.write_line(f"Detoxify tests that did NOT run: {', '.join(names)}")
