"""Whom to call: the bundled lines of a country, with what this place's steward added or hid."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

from server import help_lines
from server.access import Actor, check
from server.protocol import bodies, frames
from server.services import wording
from server.store import comfort, place
from server.store.tables import Member, OwnHelpLine
from server.store.work import Work


def read_lines(work: Work, actor: Actor | None, asked: str | None) -> bodies.HelpCountries:
    """Every country's lines; first the one asked for, else the actor's own, else the place's."""
    check(actor, "help.read")
    member = work.session.get(Member, actor.id) if actor else None
    return countries(work, chosen_country(work, asked, member))


Shown = tuple[bodies.CountryLines, list[tuple[str, str]]]
"""One country's lines, and code and name of every country there is to choose."""


def crisis(work: Work, actor: Actor | None, asked: str | None) -> Shown:
    """What the crisis page shows."""
    found = read_lines(work, actor, asked)
    shown = lines_for(work, found.chosen) if found.chosen else _anywhere()
    return shown, [(country.country, country.name) for country in found.countries]


def bundled_only(asked: str | None) -> Shown:
    """The same without the database: the lines that come with Hearth."""
    found = sorted(help_lines.load().values(), key=lambda country: country.name)
    known = help_lines.load().get(asked or "")
    shown = _merged(known.code, known, []) if known else _anywhere()
    return shown, [(country.code, country.name) for country in found]


def lines_for(work: Work, country: str | None) -> bodies.CountryLines:
    """A country's emergency numbers and lines; for an unknown country, what is true anywhere."""
    known = help_lines.load().get(country or "")
    rows = place.own_lines(work, country) if country else []
    if country is None or (known is None and not any(row.own and not row.hidden for row in rows)):
        return _anywhere()
    return _merged(country, known, rows)


def countries(work: Work, chosen: str | None) -> bodies.HelpCountries:
    """Every country we know something about, by name; `chosen` is the one to show first."""
    bundled = help_lines.load()
    rows: dict[str, list[OwnHelpLine]] = {code: [] for code in bundled}
    for row in place.own_lines(work):
        rows.setdefault(row.country, []).append(row)
    listed = [_merged(code, bundled.get(code), mine) for code, mine in rows.items()]
    shown = [country for country in listed if country.country in bundled or country.lines]
    known = chosen if chosen in {country.country for country in shown} else None
    shown.sort(key=lambda country: country.name)
    return bodies.HelpCountries(countries=shown, chosen=known)


def chosen_country(work: Work, asked: str | None, member: Member | None) -> str | None:
    """The country that was asked for, else the member's own, else the place's."""
    stored = place.find_place(work)
    return asked or (member.country if member else None) or (stored.country if stored else None)


def support(
    work: Work,
    member: Member,
    about: Literal["self", "another"],
    room: UUID | None = None,
    client_id: UUID | None = None,
    *,
    private_line: UUID | None = None,
) -> frames.Support:
    """What somebody sees at once who may be in danger, or who writes about somebody who may be."""
    country = chosen_country(work, None, member)
    language = comfort.language_of(work, member.id)
    lines = lines_for(work, country)
    words = wording.support(about, language)
    if not lines.country:
        words = f"{words} {wording.support('fallback', language)}"
        dial = wording.support("fallback_dial", language)
        lines = lines.model_copy(update={"emergency": [dial]})
    return frames.Support(
        room=room,
        client_id=client_id,
        about=about,
        words=words,
        emergency=lines.emergency,
        lines=lines.lines,
        private_line=private_line,
    )


def as_frame(line: help_lines.HelpLine) -> frames.HelpLine:
    """A bundled line on the wire; one that nobody verified says so."""
    about = line.for_whom if line.note is None else f"{line.for_whom}. {line.note}"
    if not line.verified:
        about = f"{about}. {wording.support('unverified')}"
    return frames.HelpLine(
        id=line_id(line),
        country=line.country,
        name=line.name,
        dial=line.dial,
        text=_text_to(line),
        url=line.chat or line.website,
        hours=line.hours,
        about=about,
        languages=list(line.languages),
        verified_at=line.verified_at.isoformat() if line.verified_at else None,
        source=line.record_source,
    )


def own_frame(fields: Mapping[str, Any]) -> frames.HelpLine:
    """A line that a steward added, on the wire."""
    line = frames.HelpLine.model_validate(fields)
    if line.verified_at:
        return line
    about = " ".join(filter(None, (line.about, wording.support("unverified"))))
    return line.model_copy(update={"about": about})


def line_id(line: help_lines.HelpLine) -> str:
    """Stable while the line keeps its record: the name of what a steward hides."""
    digest = hashlib.sha256(f"{line.country}|{line.record}".encode()).hexdigest()
    return f"{line.country.lower()}-{digest[:12]}"


def _merged(
    code: str, known: help_lines.Country | None, rows: Sequence[OwnHelpLine]
) -> bodies.CountryLines:
    """The steward's own lines first, then the bundled ones that are not hidden."""
    hidden = {row.id for row in rows if row.hidden}
    bundled = [as_frame(line) for line in known.lines] if known else []
    own = [own_frame(row.fields) for row in rows if row.own and not row.hidden]
    emergency = [number.dial for number in known.emergency] if known else []
    return bodies.CountryLines(
        country=code,
        name=known.name if known else code,
        emergency=emergency or [wording.support("fallback_dial")],
        lines=own + [line for line in bundled if line.id not in hidden],
    )


def _text_to(line: help_lines.HelpLine) -> str | None:
    if line.sms is None:
        return None
    return f"{line.sms} ({line.sms_text})" if line.sms_text else line.sms


def _anywhere() -> bodies.CountryLines:
    return bodies.CountryLines(
        country="",
        name=wording.support("fallback_name"),
        emergency=[wording.support("fallback_dial")],
        lines=[],
    )
