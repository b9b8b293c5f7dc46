"""The papers of data protection, out of the register and the rules of retention: what they say is what is done."""

import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from server.services.retention import RULES
from server.store.register import OF_MESSAGE, Table, register

_FILE: Final = Path(__file__).with_name("papers.toml")
_ERASED: Final = {
    "delete": "the row is deleted",
    "blank": "what it says is emptied, the row stays",
    "shred": "the key of its author is thrown away: unreadable",
    "hold": "kept to its date, then deleted with its key",
    "keep": "stays, and its id leads to nobody",
}
_MADE: Final = (
    "*Made by `hearth privacy` from `server/store/register.toml`; a test keeps it so. "
    "It says what the software does. Add what your own place does beside it.*\n"
)


def all_papers() -> dict[str, str]:
    """Markdown by file name."""
    words = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {
        "README.md": _overview(words),
        "processing.md": _processing(),
        "flow.md": _flow(words),
        "retention.md": _retention(words),
        "risks.md": _risks(words),
    }


def _overview(words: dict[str, Any]) -> str:
    tables = register()
    columns = [column for table in tables.values() for column in table.columns.values()]
    sealed = sum(column.kind == "words" for column in columns)
    about = words["overview"]["words"].format(
        tables=len(tables), columns=len(columns), sealed=sealed,
        persons=sum(bool(table.whose) for table in tables.values()),
    )  # fmt: skip
    return _paper("Data protection: the papers", about)


def _processing() -> str:
    parts = ["# Record of processing\n", _MADE]
    for name, table in register().items():
        parts.append(
            f"## {name}\n\n{table.about} **Whose:** {_whose(table)}. **Kept:** {_kept(table)}. "
            f"**When its owner leaves:** {_ERASED[table.erased]}.\n"
        )
        rows = [
            [f"`{column}`", row.kind, row.erased, "yes" if row.is_given else "no"]
            for column, row in table.columns.items()
        ]
        parts.append(_table(["column", "kind", "on erasure", "in a copy of one's data"], rows))
    return "\n".join(parts)


def _flow(words: dict[str, Any]) -> str:
    rows = [[one["from"], one["to"], one["what"], one["how"]] for one in words["flow"]["steps"]]
    return _paper(
        "Where data go", words["flow"]["words"], _table(["from", "to", "what", "how"], rows)
    )


def _retention(words: dict[str, Any]) -> str:
    rows = []
    for kind, rule in RULES.items():
        days = f"{rule.days} days" if rule.days else "until its owner takes it away"
        most = f"{rule.fewest} to {rule.most} days" + (
            ", or for good" if rule.may_be_unlimited else ""
        )
        tables = ", ".join(f"`{name}`" for name, table in register().items() if table.kept == kind)
        rows.append([kind, words["kinds"][kind], days, most, tables])
    others = [
        [f"`{name}`", table.kept] for name, table in register().items() if table.kept not in RULES
    ]
    return _paper(
        "How long things are kept",
        words["retention"]["words"],
        _table(["kind", "what", "default", "a steward may set", "tables"], rows),
        "## Everything else\n",
        _table(["table", "kept"], others),
    )


def _risks(words: dict[str, Any]) -> str:
    rows = [
        [one["risk"], one["harm"], one["control"], f"`{one['shown_by']}`", one["left"]]
        for one in words["risks"]["rows"]
    ]
    head = ["risk", "harm", "what is done", "shown by", "what is left"]
    return _paper("Risks", words["risks"]["words"], _table(head, rows))


def _paper(title: str, *parts: str) -> str:
    return "\n".join([f"# {title}\n", _MADE, *(f"{part.strip()}\n" for part in parts)])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _whose(table: Table) -> str:
    if not table.whose:
        return "nobody's, or the place's"
    if table.whose == OF_MESSAGE:
        return "whoever wrote the message"
    return f"the member in `{table.whose}`"


def _kept(table: Table) -> str:
    rule = next((rule for kind, rule in RULES.items() if kind == table.kept), None)
    if rule is None:
        return table.kept
    return (
        f"{rule.days} days, unless a steward sets others"
        if rule.days
        else "until its owner takes it away"
    )
