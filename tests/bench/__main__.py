"""`python -m tests.bench quick | full | report | flame | floor | gc | run ... | stall ... | storage ... | list`.

BENCH_NICE=-10 (as root) puts generator and servers alike before a machine's other work.
"""

import os
import resource
import sys

from tests.bench.processes import prefer


def main(arguments: list[str]) -> int:
    """The exit status."""
    _open_many_files()
    prefer(os.getpid())
    from tests.bench.commands import COMMANDS

    command = COMMANDS.get(arguments[0] if arguments else "full")
    if command is None:
        print(__doc__)
        return 2
    return command(arguments[1:])


def _open_many_files() -> None:
    """As many as we may: each member is one, in the servers as well, which inherit it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
