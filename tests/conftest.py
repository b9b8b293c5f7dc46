"""What every test may ask for."""

import importlib.util
import os
import shutil
from pathlib import Path

import pytest

pytest_plugins = ["tests.services", "tests.browser", "tests.engines"]

MEMORY = Path("/dev/shm")  # noqa: S108 - only a folder of our own is made in it
ROOM_BYTES = 8 * 1024**3
NO_DETOXIFY = "the extra `detoxify` is not installed"
NO_PROGRAM = "is not installed on this machine"
_LAST_LINES = 40


def pytest_configure() -> None:
    """Files of tests lie in memory where it is large: thousands of databases are made, and none is kept."""
    if "TMPDIR" in os.environ or not MEMORY.is_dir():
        return
    runs_programs = not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC
    if runs_programs and shutil.disk_usage(MEMORY).free >= ROOM_BYTES:
        os.environ["TMPDIR"] = str(MEMORY)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without the extra, tests marked `detoxify` are skipped, or fail where they are required."""
    if importlib.util.find_spec("detoxify") or os.environ.get("TEST_REQUIRE_DETOXIFY"):
        return
    for item in items:
        if item.get_closest_marker("detoxify"):
            item.add_marker(pytest.mark.skip(NO_DETOXIFY))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each reason, so that nobody takes a skipped test for a passed one; and why what passed the
    second time failed the first."""
    skipped = terminalreporter.stats.get("skipped", [])
    for what, reason in (
        ("Detoxify tests", NO_DETOXIFY),
        ("Tests with another program", NO_PROGRAM),
    ):
        names = [report.nodeid for report in skipped if reason in str(report.longrepr)]
        if names:
            terminalreporter.write_line(f"{what} that did NOT run: {', '.join(names)}")
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"why {report.nodeid} was run again", "-")
        terminalreporter.write_line("\n".join(report.longreprtext.splitlines()[-_LAST_LINES:]))
