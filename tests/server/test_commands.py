"""The terminal's commands: each is read from its own module, and only that one."""

import os
import subprocess
import sys

import pytest

from server.cli import _COMMANDS, main


@pytest.mark.parametrize("command", _COMMANDS)
def test_each_command_is_found_where_the_table_says(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"usage: hearth {command}" in capsys.readouterr().out


def test_without_a_command_all_of_them_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    listed = capsys.readouterr().out.partition("settings")[0]
    assert [line.split()[0] for line in listed.splitlines() if line.startswith("    ")] == [
        *_COMMANDS
    ]


def test_whoever_has_read_enough_ends_a_command_without_a_word() -> None:
    """As `hearth assess | head -1`."""
    run = "import sys; from server.cli import main; sys.exit(main())"
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer) as unheard:
        done = subprocess.run(
            [sys.executable, "-c", run, "assess", "--backend", "lexicon"],
            input=b'{"text": "the kettle is on"}\n', stdout=unheard, stderr=subprocess.PIPE, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_server_that_starts_reads_nothing_that_it_does_not_need() -> None:
    """It is waited for after each crash; numpy alone would cost a fifth of a second and 15 MB."""
    read = "import sys, server.cli, server.cli.serving, server.serve; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", read], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {
        "numpy",
        "onnxruntime",
        "alembic",
        "server.demo",
        "server.replay",
        "server.client",
    } & {*modules}
