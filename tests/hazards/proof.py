"""Whether a test that the log names is there, and runs: by reading sources, nothing is run."""

import ast
from functools import cache
from pathlib import Path

from tests.hazards.log import ROOT

_NOT_RUN = frozenset(("skip", "skipif", "xfail"))


def missing(test: str, root: Path = ROOT) -> str | None:
    """Why it proves nothing; None when it is there.

    test: a pytest node id without parameters, a drill (`tests/drills/name.py::run`), or a test of the web
    (`web/src/….test.ts::its title`).
    """
    file, _, name = test.partition("::")
    path = root / file
    if not name or not path.is_file():
        return "no such file"
    if file.endswith(".test.ts"):
        return None if _is_titled(path, name) else "no test of that title"
    if file.startswith("tests/drills/"):
        return None if name == "run" and "run" in _functions(path) else "no such drill"
    if not path.name.startswith("test_") or not name.startswith("test_"):
        return "no test"
    marks = _functions(path).get(name)
    if marks is None:
        return "no such test"
    return "it is skipped" if marks & _NOT_RUN else None


def _is_titled(path: Path, title: str) -> bool:
    text = path.read_text(encoding="utf-8")
    return any(f"{quote}{title}{quote}" in text for quote in "'\"`")


@cache
def _functions(path: Path) -> dict[str, frozenset[str]]:
    """Each function of a module, with the marks that stand over it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.name: frozenset(map(_mark, node.decorator_list))
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def _mark(decorator: ast.expr) -> str:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return called.attr if isinstance(called, ast.Attribute) else ""
