"""`hearth ...`: what a steward does at a terminal. Each command is a module here."""

import argparse
import os
import select
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

from moderation.errors import ModelUnavailable, ModerationError
from server.errors import ServerError
from server.settings import Settings, read_settings

_COMMANDS: Final = {
    "serve": "serving",
    "migrate": "serving",
    "members": "members",
    "accounts": "accounts",
    "tokens": "tokens",
    "rooms": "rooms",
    "replay": "replay",
    "demo": "demo",
    "classify": "classify",
    "assess": "assess",
    "eval": "evaluate",
    "models": "models",
    "labels": "labels",
    "measures": "measures",
    "doctor": "doctor",
    "audit": "audit",
    "policy": "policy",
    "backup": "backup",
    "restore": "backup",
    "keys": "keys",
    "privacy": "privacy",
    "move": "move",
    "openapi": "openapi",
}
"""Each command's module here. Only the one that is asked for is read: a server that starts again is waited for."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it did what it says, 1 when not, 2 for wrong use or a model that is not here."""
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = _parser(arguments[0] if arguments else "")
    asked = parser.parse_args(arguments)
    if not hasattr(asked, "run"):
        parser.print_help()
        return 2
    try:
        return int(asked.run(asked, read_settings()) or 0)
    except ServerError as error:
        print(f"hearth: {error.detail}", file=sys.stderr)
        return 1
    except ModelUnavailable as error:
        print(f"hearth: {error}", file=sys.stderr)
        return 2
    except ModerationError as error:
        print(f"hearth: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        if _is_heard():
            raise
        return 141  # as the shell says it of others
    except KeyboardInterrupt:
        return 130


def _is_heard() -> bool:
    """Whether anybody reads what is printed; if not (`| head`), the rest goes nowhere."""
    printed = select.poll()
    printed.register(sys.stdout, 0)  # errors are always told
    if not printed.poll(0):
        return True
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return False


def _parser(command: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hearth",
        description="Hearth: a peer-support community server. Judgement runs here, on this machine's own CPU.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_settings_help(),
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    wanted = [_COMMANDS[command]] if command in _COMMANDS else dict.fromkeys(_COMMANDS.values())
    for name in wanted:
        import_module(f"server.cli.{name}").add(commands)
    return parser


def _settings_help() -> str:
    lines = ["settings (environment; unknown names and bad values are refused):"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (None, "") else f" [{field.default}]"
        lines.append(f"  HEARTH_{name.upper():<20} {field.description or ''}{default}")
    return "\n".join(lines)
