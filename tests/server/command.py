"""`hearth ...` as a terminal would run it, within the test's own process: a new one takes seconds to begin."""

import io
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from unittest.mock import patch

from server.cli import main


@dataclass(frozen=True, slots=True)
class Done:
    """How one command ended, and what it said."""

    returncode: int
    stdout: str
    stderr: str


def hearth(environment: Mapping[str, str], *arguments: object, said: str = "") -> Done:
    """environment: added to ours. said: what comes from its standard input."""
    out, err = io.StringIO(), io.StringIO()
    with (
        _own_logs(),
        patch.dict(os.environ, environment),
        patch.object(sys, "stdin", io.StringIO(said)),
        redirect_stdout(out),
        redirect_stderr(err),
        ThreadPoolExecutor(1) as terminal,  # where no event loop runs
    ):
        try:
            code = terminal.submit(main, [str(one) for one in arguments]).result()
        except SystemExit as wrong:
            code = int(wrong.code or 0)
    return Done(code, out.getvalue(), err.getvalue())


@contextmanager
def _own_logs() -> Iterator[None]:
    """What a command does to the logs ends with it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
