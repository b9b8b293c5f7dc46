"""Canaries in every sealed field: in things that are there, by those who may; and through the store itself where
nobody writes words of their own."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from server.ids import new_code, new_id
from server.protocol import duties
from server.protocol.plans import Plan
from server.services import notices, outside
from server.store import beside, comfort, holds, measures, moods, plans, policies, ways
from server.store.tables import CodeApp, CourseAlert, MemberComfort, PolicyEdition, SafetyPlan
from server.store.work import Work
from tests.drills._planting import Planted, ask
from tests.server.fuzzing.texts import ENDS, takes_text
from tests.server.live_server import LiveServer
from tests.server.matrix.cast import SEATED, Standing
from tests.server.matrix.cells import Matrix, Wanted
from tests.server.matrix.choosing import fullest
from tests.server.matrix.operation import Cell, Operation, operations
from tests.server.wire_models import wire_models

_STANDINGS = (*SEATED, Standing.ELSEWHERE, Standing.NOWHERE)
_REFUSED = 400
_OTHERWISE = {"NewDecision": {"action": "warn"}}
"""Something whose words wait until it cannot be taken back any more."""


def plant_everywhere(server: LiveServer, openapi: dict[str, Any], planted: Planted) -> None:
    """In each field of text of each operation, aimed at something that is there; and through the store."""
    make = partial(_make, found=operations(openapi), planted=planted)
    cells = beside.do(server.settings, make)
    for cell, name in sorted(_each_field(cells), key=lambda one: one[0].operation.order):
        _plant(server, cell, name, planted)


def _make(work: Work, found: list[Operation], planted: Planted) -> list[Cell]:
    matrix = Matrix(work, found, _STANDINGS, _worded)
    _by_store(work, matrix, planted)
    return matrix.cells


def _worded(every: list[Wanted]) -> list[Wanted]:
    """Once for each field of text: what was asked for may be gone by the first."""
    chosen = [one for one in fullest(every) if one[0].id not in ENDS]
    return [one for one in chosen for _ in _texts_of(one[0])]


def _texts_of(operation: Operation) -> list[str]:
    if operation.model is None:
        return []
    properties = wire_models()[operation.model].model_json_schema()["properties"]
    return [name for name, schema in properties.items() if takes_text(schema)]


def _each_field(cells: list[Cell]) -> Iterator[tuple[Cell, str]]:
    seen: Counter[str] = Counter()
    for cell in cells:
        yield cell, _texts_of(cell.operation)[seen[cell.name]]
        seen[cell.name] += 1


def _plant(server: LiveServer, cell: Cell, name: str, planted: Planted) -> None:
    """As words; or, where none are taken, at the end of what is taken there."""
    asked = cell.asked
    body = json.loads(asked.body or "{}") | _OTHERWISE.get(cell.operation.model or "", {})
    for before, after in (("The ", " sings."), (body.get(name) or "", "")):
        word = planted.new(f"{cell.operation.id}.{name} as {cell.person.role}")
        sent = json.dumps(body | {name: f"{before}{word}{after}"}).encode()
        status, content = ask(server, asked.method, asked.url, asked.headers, sent)
        planted.answered(word, status, content)
        if status < _REFUSED:
            return


# --- through the store ---


def _by_store(work: Work, matrix: Matrix, planted: Planted) -> None:
    """What is chosen, answered, counted or made by the machine, and kept of an open case when its author goes."""
    member, room = matrix.care.member("spare"), matrix.cast.here
    for name, put in _STORED.items():
        put(work, matrix, member, room, planted.new(f"store.{name}"))


def _mood(work: Work, matrix: Matrix, member: UUID, room: UUID, word: str) -> None:
    moods.add(work, member, new_id(), word)


def _comfort(work: Work, matrix: Matrix, member: UUID, room: UUID, word: str) -> None:
    comfort.put(work, MemberComfort(member_id=member, sealed=b"", at=work.now), word)


def _plan(work: Work, matrix: Matrix, member: UUID, room: UUID, word: str) -> None:
    row = SafetyPlan(member_id=member, version=0, locked=False, sealed=b"", at=work.now)
    plans.put(work, row, Plan(signs=[word]).model_dump_json())


def _response(work: Work, matrix: Matrix, member: UUID, room: UUID, word: str) -> None:
    measures.keep(work, measures.begin(work, member, "gad-7", "1", room), {word: 1})


def _alert(work: Work, matrix: Matrix, member: UUID, room: UUID, word: str) -> None:
    [response, *_] = measures.finished(work, matrix.care.sharer_there())
    row = CourseAlert(
        member_id=member, room_id=room, response_id=response.id, measure="gad-7",
        open_key=str(new_id()), sealed=b"", raised_at=work.now,
    )  # fmt: skip
    assert measures.add_alert(work, row, {"reason": word})


def _app(work: Work, matrix: Matrix, member: UUID, room: UUID, word: str) -> None:
    ways.put_app(work, CodeApp(member_id=member, sealed=b"", made_at=work.now), word.encode())


def _edition(work: Work, matrix: Matrix, member: UUID, room: UUID, word: str) -> None:
    number = policies.next_number(work)
    row = PolicyEdition(
        number=number, id=new_id(), mode="ended", by=member, at=work.now, previous=number - 1,
        warnings=[],
    )  # fmt: skip
    policies.add(work, row, word)


def _held(work: Work, matrix: Matrix, member: UUID, room: UUID, word: str) -> None:
    case = matrix.targets.case_about(matrix.targets.said(room, member, word))
    holds.keep(work, case, timedelta(days=1))


def _notice(work: Work, matrix: Matrix, member: UUID, room: UUID, word: str) -> None:
    notices.tell(
        work, member_id=member, kind="warn", code="warn", words=word, room_id=room,
        message_id=matrix.targets.said(room, member, word).id, by_role="moderator",
        by=matrix.cast.keeper.id, appealable=True,
    )  # fmt: skip


def _report(work: Work, matrix: Matrix, member: UUID, room: UUID, word: str) -> None:
    asked = duties.OutsideForm(
        kind="other", where="Nowhere", words=word, name="", address="", good_faith=True
    )
    outside.report(work, asked, new_code())


_STORED: dict[str, Callable[[Work, Matrix, UUID, UUID, str], None]] = {
    "mood": _mood, "member_comfort": _comfort, "safety_plan": _plan, "measure_response": _response,
    "course_alert": _alert, "code_app": _app, "policy_edition": _edition, "held_words": _held,
    "notice": _notice, "outside_report": _report,
}  # fmt: skip
