"""Mistakes that we know of ourselves, looked for in every file: text in logs, queries outside the store, and others."""

import ast
import re
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "server").rglob("*.py")) + sorted((ROOT / "moderation").rglob("*.py"))

Rule = Callable[[ast.Module], Iterator[ast.AST]]

_LEVELS = frozenset({"debug", "info", "warning", "error", "critical", "exception", "log"})
_TEXT = frozenset(
    "text words body note reason frame message content error exc exception passphrase secret token name "
    "pseudonym line row payload data request answer value".split()
)
_PICKLES = frozenset({"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal", "joblib"})


def text_in_a_log(tree: ast.Module) -> Iterator[ast.AST]:
    """Ids, codes and names of types may be logged; nothing that could quote somebody."""
    for call in _calls(tree):
        function = call.func
        if not (isinstance(function, ast.Attribute) and function.attr in _LEVELS):
            continue
        if not (isinstance(function.value, ast.Name) and function.value.id in {"log", "logger"}):
            continue
        named = any(keyword.arg in {"exc_info", "stack_info"} for keyword in call.keywords)
        if named or function.attr == "exception" or any(map(_quotes, call.args)):
            yield call


def query_outside_the_store(tree: ast.Module) -> Iterator[ast.AST]:
    """Services hold no `select`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in {"sqlmodel", "sqlalchemy"}:
            yield from (node for alias in node.names if alias.name in _QUERIES)


def queue_without_an_end(tree: ast.Module) -> Iterator[ast.AST]:
    """Whatever comes faster than it goes would fill the memory."""
    for call in _calls(tree):
        called = ast.unparse(call.func)
        if re.fullmatch(r"(asyncio|queue)\.(Simple|Lifo|Priority)?Queue", called) and not (
            call.args or call.keywords
        ):
            yield call


def task_that_nobody_keeps(tree: ast.Module) -> Iterator[ast.AST]:
    """It may be collected in the middle, and what it raises is never told. A TaskGroup keeps its own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            called = ast.unparse(node.value.func)
            if re.search(r"(?:^|\.)(create_task|ensure_future)$", called) and "group" not in called:
                yield node


def address_of_a_request(tree: ast.Module) -> Iterator[ast.AST]:
    """It holds the Host that was sent, which anybody may choose."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node).endswith(
            ("request.url", "request.base_url", ".url_for")
        ):
            yield node


def pickle_loaded(tree: ast.Module) -> Iterator[ast.AST]:
    """Loading one carries out what is in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            names = [module] if module else [alias.name for alias in node.names]
            if any(name and name.partition(".")[0] in _PICKLES for name in names):
                yield node
    for call in _calls(tree):
        keywords = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        called = ast.unparse(call.func)
        if keywords.get("allow_pickle") == "True":
            yield call
        if called == "torch.load" and keywords.get("weights_only") != "True":
            yield call


_QUERIES = frozenset({"select", "insert", "update", "delete", "text", "exists"})

RULES: dict[str, tuple[Rule, str, tuple[str, ...]]] = {
    "text in a log": (text_in_a_log, "", ()),
    "query outside the store": (
        query_outside_the_store, "server/(?!store/)",
        ("server/demo/",),  # a community that is thrown away, and its past made up
    ),
    "queue without an end": (
        queue_without_an_end, "",
        ("server/client/client.py", "server/replay/staff.py"),  # programs of their own, not the server
    ),
    "task that nobody keeps": (task_that_nobody_keeps, "", ()),
    "address of a request": (address_of_a_request, "server/api", ()),
    "pickle loaded": (pickle_loaded, "", ("moderation/training/", "moderation/detoxify_model.py")),
}  # fmt: skip
"""The rule, where it holds, and what stands outside it. Detoxify's reader takes the name of an error from pickle."""

WRONG = {
    "text in a log": [
        'log.info("said %s", text)', 'log.error("failed: %s", str(error))', 'log.error("failed: %s", error)',
        'log.exception("failed")', 'log.error("failed", exc_info=True)', 'log.info(f"said {frame.text}")',
        'log.info("said " + words)', 'log.warning("from %s", member.pseudonym)', 'log.info("x %s", repr(body))',
    ],
    "query outside the store": ["from sqlmodel import col, select", "from sqlalchemy import text"],
    "queue without an end": ["q = asyncio.Queue()", "q: object = queue.SimpleQueue()"],
    "task that nobody keeps": ["asyncio.create_task(send())", "self.loop.create_task(send())"],
    "address of a request": ["x = request.url.netloc", "x = self.request.base_url"],
    "pickle loaded": ["import pickle", "from joblib import load", "torch.load(f)", "np.load(f, allow_pickle=True)"],
}  # fmt: skip
RIGHT = {
    "text in a log": [
        'log.info("case %s", case.id)', 'log.error("failed: %s", type(error).__name__)',
        'log.warning("refused: %s", error.code)', 'log.info("took %d ms", took_s * 1000)',
    ],
    "queue without an end": ["q = asyncio.Queue(64)", "q = queue.Queue(maxsize=64)"],
    "task that nobody keeps": ["task = asyncio.create_task(send())", "group.create_task(send())"],
    "pickle loaded": ["np.load(f, allow_pickle=False)", "torch.load(f, weights_only=True)"],
}  # fmt: skip
KEYS = re.compile(
    r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\n[A-Za-z0-9+/]{40}|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b"
    r"|\bxox[baprs]-[A-Za-z0-9-]{20,}|\beyJ[\w-]{20,}\.eyJ[\w-]{20,}\.[\w-]{20,}|\bAIza[\w-]{35}\b|\bsk_live_\w{20,}"
)


@pytest.mark.parametrize("rule", RULES)
def test_no_file_breaks_a_rule(rule: str) -> None:
    look, where, outside = RULES[rule]
    found = []
    for file in FILES:
        name = file.relative_to(ROOT).as_posix()
        if re.match(where, name) and not name.startswith(outside or ("-",)):
            found += [f"{name}:{getattr(node, 'lineno', 0)}" for node in look(_read(file))]
    assert found == []


@pytest.mark.parametrize(("rule", "code"), [(rule, one) for rule in WRONG for one in WRONG[rule]])
def test_what_is_wrong_is_found(rule: str, code: str) -> None:
    assert list(RULES[rule][0](ast.parse(code)))


@pytest.mark.parametrize(("rule", "code"), [(rule, one) for rule in RIGHT for one in RIGHT[rule]])
def test_what_is_right_is_not(rule: str, code: str) -> None:
    assert not list(RULES[rule][0](ast.parse(code)))


def test_no_key_of_anybody_lies_in_the_tree() -> None:
    assert KEYS.search("AKIA" + "ABCDEFGHIJKLMNOP")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    found = []
    for name in filter(None, listed.split("\0")):
        file = ROOT / name
        if file.is_file() and file.stat().st_size < 1_000_000:
            found += [name] if KEYS.search(file.read_bytes().decode("latin-1")) else []
    assert found == []


@cache
def _read(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _quotes(node: ast.expr) -> bool:
    """Whether it may hold what somebody wrote, by how it is called."""
    if isinstance(node, ast.JoinedStr | ast.BinOp):
        return any(
            isinstance(one, ast.Name | ast.Attribute) and _is_text(one) for one in ast.walk(node)
        )
    if isinstance(node, ast.Call):
        return ast.unparse(node.func) in {"str", "repr", "format", "vars"}
    return _is_text(node)


def _is_text(node: ast.AST) -> bool:
    last = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return last in _TEXT
