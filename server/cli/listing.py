"""Rows for people, or for programs."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

Row = Mapping[str, Any]


def add_json(parser: argparse.ArgumentParser) -> None:
    """The option that chooses."""
    parser.add_argument("--json", action="store_true", help="for programs")


def show(rows: Sequence[Row], line: Callable[[Row], str], *, as_json: bool) -> None:
    """One line each, or all as one JSON array."""
    if as_json:
        print(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
        return
    for row in rows:
        print(line(row))
