"""A copy of everything of one's own: asked for, made in the background, fetched once."""

import io
import zipfile
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
from jinja2 import Environment, Template

from server.access import Actor, Relation, Role, check
from server.errors import NotFound, NotNow, Unavailable
from server.ids import new_id
from server.protocol import rights as wire
from server.services import ledger, notices, statements
from server.store import audit, cases, own_data, people
from server.store import notices as stored_notices
from server.store.place import get_place
from server.store.register import register
from server.store.sealing import Unreadable
from server.store.tables import DataExport
from server.store.work import Work

LINK_LIFE: Final = timedelta(hours=24)
ONE_IN: Final = timedelta(days=1)
"""Each is everything of somebody's: seconds of work, and a file to steal."""
FILE_NAME: Final = "my-data.zip"
_TEMPLATE: Final = Path(__file__).with_name("export.html")
_ALL: Final = 1_000_000
_IN_FULL: Final = frozenset({"message", "act"})
"""Tables that have a part of their own on the page."""


class Ready(NamedTuple):
    """A file that was made and sealed."""

    export_id: UUID
    sealed: bytes
    size_bytes: int


def read_newest(work: Work, actor: Actor) -> wire.DataExport | None:
    """What the actor asked for last, while it matters."""
    check(actor, "me.data")
    found = own_data.newest(work, actor.id)
    return _body(found) if found and not _is_past(work, found) else None


def ask(work: Work, actor: Actor) -> wire.DataExport:
    """Begin. While one is being made, that is the answer. One that failed may be asked for again at once.

    Raises NotNow: one a day.
    """
    check(actor, "me.data")
    found = own_data.newest(work, actor.id)
    if found and found.state == "waits":
        return _body(found)
    if found and found.state != "failed" and found.asked_at + ONE_IN > work.now:
        next_at = f"{found.asked_at + ONE_IN:%Y-%m-%d %H:%M} UTC"
        raise NotNow(f"A copy can be asked for once a day. The next one is possible at {next_at}.")
    if found and found.state == "ready":  # and not fetched: it makes way
        found.state = "taken"
        work.session.add(found)
    export = DataExport(member_id=actor.id, asked_at=work.now)
    work.session.add(export)
    work.session.flush()
    audit.append(work, actor.id, "export.ask", export.id)
    return _body(export)


def make(work: Work, export: DataExport) -> Ready:
    """All of it, as one sealed zip. Reads only; takes seconds where somebody wrote a lot."""
    content = zipped(work, export.member_id)
    return Ready(export.id, own_data.seal_file(work, export, content), len(content))


def finish(work: Work, member_id: UUID, export_id: UUID, size_bytes: int | None) -> None:
    """It lies there, and its owner is told. size_bytes: None when it could not be made."""
    export = own_data.find(work, member_id, export_id)
    if export is None or export.state != "waits":
        return
    export.state = "failed" if size_bytes is None else "ready"
    export.ready_at, export.until = work.now, work.now + LINK_LIFE
    export.size_bytes = size_bytes or 0
    work.session.add(export)
    code = "export_failed" if size_bytes is None else "export_ready"
    notices.tell(
        work, member_id=member_id, kind="your_data", code=code, words=None, by_role="machine",
        automated=True, until=export.until,
    )  # fmt: skip


def take(work: Work, actor: Actor, export_id: UUID) -> DataExport:
    """The one time it can be fetched. Raises NotFound, NotNow when it was fetched or its day is over."""
    export = own_data.find(work, actor.id, export_id)
    check(actor, "me.data.fetch", Relation.SELF if export else Relation.NONE)
    if export is None:
        raise NotFound
    if export.state != "ready" or _is_past(work, export):
        raise NotNow(
            "This file was fetched already, or its 24 hours are over. Please ask for a new one."
        )
    export.state, export.taken_at = "taken", work.now
    work.session.add(export)
    work.session.flush()
    audit.append(work, actor.id, "export.take", export.id)
    return export


def open_file(work: Work, export: DataExport, sealed: bytes) -> bytes:
    """What the file holds. Raises Unavailable."""
    try:
        return own_data.open_file(work, export, sealed)
    except Unreadable:
        raise Unavailable from None


def zipped(work: Work, member_id: UUID) -> bytes:
    """data.json and a page to read it, in one zip."""
    everything = gather(work, member_id)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(
            "data.json",
            orjson.dumps(everything, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z),
        )
        packed.writestr("read-me.html", _page(work, everything))
    return file.getvalue()


def gather(work: Work, member_id: UUID) -> dict[str, Any]:
    """Rows by table, and in words what was decided."""
    member = people.find_member(work, member_id)
    if member is None:
        raise NotFound
    actor = Actor(member.id, member.pseudonym, Role(member.role), new_id())
    told = [
        notice
        for notice in stored_notices.of_member(work, member_id, _ALL)
        if statements.is_restriction(notice)
    ]
    return {
        "place": get_place(work).name,
        "made_at": work.now,
        "name": member.pseudonym,
        "ledger": ledger.export(work, actor).model_dump(mode="json"),
        "statements": [statements.read_text(work, actor, notice.id) for notice in told],
        "tables": own_data.collect(work, member_id),
    }


def _page(work: Work, everything: dict[str, Any]) -> str:
    tables = everything["tables"]
    rooms = cases.room_names(work, {row["room_id"] for row in tables["message"]})
    return _template().render(
        place=everything["place"],
        name=everything["name"],
        made_at=f"{everything['made_at']:%Y-%m-%d %H:%M}",
        messages=[
            {
                "at": _shown(row["at"]), "room": rooms[row["room_id"]],
                "is_reply": row["reply_to"] is not None,
                "words": row["sealed"] or "(taken back)",
            }
            for row in tables["message"]
        ],
        statements=everything["statements"],
        ledger=[
            {"at": one["at"][:16].replace("T", " "), "room": one["room_name"], "words": one["words"]}
            for one in everything["ledger"]["entries"]
        ],
        parts=[
            {
                "about": register()[name].about.rstrip("."),
                "rows": [[(column, _shown(value)) for column, value in row.items()] for row in rows],
            }
            for name, rows in tables.items()
            if rows and name not in _IN_FULL
        ],
    )  # fmt: skip


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    return "" if value is None else str(value)


def _is_past(work: Work, export: DataExport) -> bool:
    return export.until is not None and export.until <= work.now


def _body(export: DataExport) -> wire.DataExport:
    state: Any = export.state
    return wire.DataExport(
        id=export.id, asked_at=export.asked_at, state=state, until=export.until,
        size_bytes=export.size_bytes,
    )  # fmt: skip


@cache
def _template() -> Template:
    return Environment(autoescape=True).from_string(_TEMPLATE.read_text(encoding="utf-8"))
