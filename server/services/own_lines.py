"""A steward's care for the help lines: what is shown here, hidden, added, and confirmed."""

from datetime import UTC, date

from server import help_lines
from server.access import Actor, check
from server.errors import BadFrame, NotFound, NotNow
from server.help_lines.lines import OLD_AFTER
from server.ids import new_id
from server.protocol import bodies, frames
from server.services import help
from server.store import audit, place
from server.store.tables import OwnHelpLine
from server.store.work import Work


def list_lines(work: Work, actor: Actor) -> bodies.StewardHelpLines:
    """Every line of the place's country, also the hidden ones, and which are old."""
    check(actor, "steward.help_lines")
    stored = place.get_place(work)
    return bodies.StewardHelpLines(
        country=stored.country,
        confirmed_at=stored.help_lines_confirmed_at,
        lines=_lines(work, stored.country) if stored.country else [],
    )


def confirm(work: Work, actor: Actor) -> bodies.StewardHelpLines:
    """The steward has checked the numbers of their country."""
    check(actor, "steward.help_lines")
    stored = place.get_place(work)
    if stored.country is None:
        raise NotNow("Please choose your country first.")
    stored.help_lines_confirmed_at = work.now
    work.session.add(stored)
    shown = list_lines(work, actor)
    audit.append(work, actor.id, "help_lines.confirm", stored.country)
    return shown


def add_line(work: Work, actor: Actor, new: bodies.NewHelpLine) -> bodies.StewardHelpLine:
    """A line that the steward checked, on the day and in the place they say."""
    check(actor, "steward.help_lines")
    if not (new.dial or new.text or new.url):
        raise BadFrame("Please give a number to call, a way to write, or an address.")
    _check_day(new.verified_at, work.now.astimezone(UTC).date())
    line = frames.HelpLine(id=f"own-{new_id()}", languages=[], **new.model_dump())
    row = OwnHelpLine(
        id=line.id, country=line.country, fields=line.model_dump(mode="json"), at=work.now
    )
    work.session.add(row)
    audit.append(work, actor.id, "help_lines.add", line.id)
    return _own(work, row)


def hide_line(work: Work, actor: Actor, line_id: str, *, hidden: bool) -> bodies.StewardHelpLine:
    """Show this line to nobody, or to people again."""
    check(actor, "steward.help_lines")
    row = place.find_line(work, line_id) or _row_for_bundled(work, line_id)
    row.hidden = hidden
    work.session.add(row)
    audit.append(work, actor.id, "help_lines.hide" if hidden else "help_lines.show", line_id)
    return _own(work, row) if row.own else _bundled(work, _find_bundled(line_id), hidden=hidden)


def _lines(work: Work, country: str) -> list[bodies.StewardHelpLine]:
    rows = place.own_lines(work, country)
    hidden = {row.id for row in rows if row.hidden}
    known = help_lines.load().get(country)
    bundled = [
        _bundled(work, line, hidden=help.line_id(line) in hidden)
        for line in (known.lines if known else ())
    ]
    return [*(_own(work, row) for row in rows if row.own), *bundled]


def _own(work: Work, row: OwnHelpLine) -> bodies.StewardHelpLine:
    line = help.own_frame(row.fields)
    verified = date.fromisoformat(line.verified_at) if line.verified_at else None
    today = work.now.astimezone(UTC).date()
    old = verified is None or today - verified > OLD_AFTER
    return bodies.StewardHelpLine(line=line, hidden=row.hidden, own=True, old=old)


def _bundled(work: Work, line: help_lines.HelpLine, *, hidden: bool) -> bodies.StewardHelpLine:
    old = help_lines.is_old(line, work.now.astimezone(UTC).date())
    return bodies.StewardHelpLine(line=help.as_frame(line), hidden=hidden, own=False, old=old)


def _find_bundled(line_id: str) -> help_lines.HelpLine:
    for country in help_lines.load().values():
        for line in country.lines:
            if help.line_id(line) == line_id:
                return line
    raise NotFound


def _row_for_bundled(work: Work, line_id: str) -> OwnHelpLine:
    line = _find_bundled(line_id)
    return OwnHelpLine(id=line_id, country=line.country, own=False, fields={}, at=work.now)


def _check_day(day: str | None, today: date) -> None:
    try:
        future = day is not None and date.fromisoformat(day) > today
    except ValueError:
        future = True
    if future:
        raise BadFrame("The day on which you checked it must be a day that has been.")
