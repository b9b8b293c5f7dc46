"""A policy over 10,000 real messages in under two minutes, as JSON and as a page; a deaf policy is found out.

The texts are those of the folder DATA: once as labelled data, read by the model here
and now, and once as the past of a place, sealed, with its readings and with decisions in place of labels.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from moderation.cases import CaseKind
from moderation.classifier import Assessment, Passage
from moderation.policy import Urgency
from moderation.replay import Truth
from server.replay.kept import Readings
from server.replay.labelled import Row, read_rows
from server.replay.models import Model
from server.services import publishing, reading, seats
from server.services.cases import new_case
from server.services.founding import found
from server.services.reading import SCREENED, with_hits
from server.services.rooms import make_room
from server.settings import Settings, read_settings
from server.store import beside, cases
from server.store.tables import Decision, Member
from server.store.work import Work
from tests.drills._sizes import size
from tests.server.live_server import ROOT

_COMMAND = [sys.executable, "-c", "import sys; from server.cli import main; sys.exit(main())"]
_WITHIN_S = 120.0
_AT_ONCE = 500
_AUTHORS = 200
_TELLING_CHARS = 40
"""A text this long does not stand in a report by chance."""
_CHANGED = """
[hold]
threat = 0.60
[nudge]
toxicity = 0.50
[[rule]]
name = "for sale"
words = "This looks like something for sale"
terms = ["crypto", "buy now", "click here"]
handling = "hold"
"""
_DEAF = """
[risk]
now_from = 0.90
soon_from = 0.80
routine_from = 0.95
[hold]
toxicity = 1.0
[nudge]
toxicity = 1.0
toxicity_alone = 1.0
[collapse]
abuse = 1.0
"""


class _Commands:
    """`hearth policy` on one data directory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.settings: Settings = read_settings({}, data_dir=folder / "data")

    def write(self, name: str, text: str) -> Path:
        """A policy in a file."""
        path = self._folder / name
        path.write_text(text, "utf-8")
        return path

    def run(self, *arguments: str) -> tuple[int, str, float]:
        """Exit status, output, and seconds."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HEARTH_")}
        environment = kept | {"HEARTH_DATA_DIR": str(self.settings.data_dir)}
        began = time.perf_counter()
        done = subprocess.run(
            [*_COMMAND, "policy", *arguments],
            cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout or done.stderr, time.perf_counter() - began

    def replay(self, *arguments: str) -> tuple[dict[str, Any], float]:
        """The report, and how long it took with its start."""
        status, said, seconds = self.run("replay", "--json", *arguments)
        assert status == 0, said
        report: dict[str, Any] = json.loads(said)
        return report, round(seconds, 1)


def run() -> dict[str, Any]:
    """MESSAGES (10,000) of DATA.

    ok: both replays are done within two minutes, hold no text, and agree with what was decided; and
    the control, a policy that hears nothing, is shown to miss what was caught, and is not applied.
    """
    data = Path(os.environ.get("DATA", ""))
    if not os.environ.get("DATA") or not data.is_dir():
        return {"ok": False, "why": f"no data at {data}: set DATA to the folder of data sets"}
    with tempfile.TemporaryDirectory(prefix="hearth-policy-") as folder:
        return _run(data, _Commands(Path(folder)), size("MESSAGES", 10_000))


def _run(data: Path, commands: _Commands, messages: int) -> dict[str, Any]:
    changed, deaf = commands.write("new.toml", _CHANGED), commands.write("deaf.toml", _DEAF)
    of_data = ("--data", str(data), "--messages", str(messages), "--policy", str(changed))
    labelled, anew_s = commands.replay(*of_data)
    _, again_s = commands.replay(*of_data)
    rows = read_rows(data, messages)
    _fill(commands.settings, rows)
    page = commands.settings.data_dir / "report.html"
    report, history_s = commands.replay("--policy", str(changed), "--html", str(page))
    written = page.read_text("utf-8") + json.dumps(report, ensure_ascii=False)
    control, _ = commands.replay("--policy", str(deaf))
    refused, _, _ = commands.run("apply", str(deaf), "--reason", "For this drill.")
    caught = control["newly_missed"] > 0 and bool(control["warnings"]) and refused == 1
    figures = {
        "messages": report["messages"],
        "read_anew_s": anew_s,
        "with_kept_readings_s": again_s,
        "own_past_s": history_s,
        "decided": report["decided"],
        "caught_before": report["before"]["caught"]["part"],
        "caught_after": report["after"]["caught"]["part"],
        "newly_flagged": report["newly_flagged"],
        "more_minutes": report["load"]["more_minutes"],
        "page_bytes": page.stat().st_size,
        "texts_in_report": _told(rows, written),
        "same_as_labels": report["decided"] == labelled["decided"],
        "control_newly_missed": control["newly_missed"],
        "control_caught": caught,
    }
    return figures | {"ok": _is_ok(figures, report, messages)}


def _is_ok(figures: dict[str, Any], report: dict[str, Any], messages: int) -> bool:
    matters = figures["decided"]["risk"] + figures["decided"]["harmful"]
    counted = report["after"]["caught"]["part"] + report["after"]["missed"]
    quick = max(figures["read_anew_s"], figures["own_past_s"]) < _WITHIN_S
    honest = (report["read_again"], figures["texts_in_report"]) == (0, 0) and counted == matters
    whole = figures["messages"] == messages and figures["same_as_labels"]
    return bool(quick and honest and whole and figures["control_caught"])


def _told(rows: Sequence[Row], written: str) -> int:
    """How many texts stand in what was written."""
    return sum(len(row.text) >= _TELLING_CHARS and row.text in written for row in rows)


def _fill(settings: Settings, rows: Sequence[Row]) -> None:
    """The same texts as the past of a place."""
    beside.do(settings, partial(found, open_to_all=True))
    place = beside.do(settings, _Place)
    with (
        Model(settings) as model,
        Readings(settings.data_dir / "replay", model.version) as readings,
    ):
        read = [readings.find(Passage(row.text, row.in_reply_to)) for row in rows]
    for start in range(0, len(rows), _AT_ONCE):
        some = list(zip(rows, read, strict=True))[start : start + _AT_ONCE]
        beside.do(settings, partial(place.say, some))


class _Place:
    """A room, who talks there, and who decides."""

    def __init__(self, work: Work) -> None:
        self._room = make_room(work, "The past", "For a drill.").id
        self._authors = [self._member(work, f"author {n}", "peer") for n in range(_AUTHORS)]
        self._decider = self._member(work, "decider", "moderator")

    def _member(self, work: Work, name: str, role: str) -> UUID:
        joined = work.now - timedelta(days=30)
        member = Member(pseudonym=name, name_key=name, role=role, joined_at=joined)
        work.session.add(member)
        work.session.flush()
        seats.take_seat(work, self._room, member.id, "moderator" if role != "peer" else "member")
        return member.id

    def say(self, some: Sequence[tuple[Row, Assessment | None]], work: Work) -> None:
        """Each with how it was read, and a decision in place of its label."""
        for number, (row, read) in enumerate(some):
            assert read is not None, "it was read as labelled data before"
            author = self._authors[number % _AUTHORS]
            message = publishing.say(work, self._room, author, row.text)
            one = with_hits(read, row.text)
            reading.store_assessment(work, message, one, one.judge(SCREENED))
            self._decide(work, row.truth, message.id, author)

    def _decide(self, work: Work, truth: Truth, message: UUID, author: UUID) -> None:
        if truth is Truth.UNDECIDED:
            return
        kind = CaseKind.RISK if truth is Truth.RISK else CaseKind.FLAG
        action = {Truth.RISK: "reach_out", Truth.HARMFUL: "hide"}.get(truth, "dismiss")
        case = new_case(
            work, kind, Urgency.ROUTINE, room_id=self._room, subject_id=author,
            message_id=message, policy="1",
        )  # fmt: skip
        case.state = "closed"
        work.session.add(case)
        work.session.flush()
        decision = Decision(
            case_id=case.id, action=action, by=self._decider, sealed=b"", at=work.now, policy="1",
            case_version=1,
        )  # fmt: skip
        cases.add_decision(work, case, decision, "For this drill.")
