"""The report of a replay in words: as lines for a terminal, and as one page that needs nothing beside it."""

from collections.abc import Iterable, Sequence
from html import escape

from server.protocol.policy import PolicyReport, ReplayGroup, ReplayShare, ReplaySide

_STYLE = """
:root { color-scheme: light dark; --line: #8886; --soft: #5f5750; }
@media (prefers-color-scheme: dark) { :root { --soft: #b9afa6; } }
body { font: 1rem/1.55 system-ui, sans-serif; max-width: 62rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.6rem; line-height: 1.2; } h2 { font-size: 1.2rem; margin-top: 2rem; }
p { max-width: 42rem; } .lead { font-size: 1.1rem; } .soft, caption { color: var(--soft); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
caption { text-align: start; padding-block: .4rem; }
th, td { padding: .4rem .7rem; border-bottom: 1px solid var(--line); text-align: end; }
th:first-child, td:first-child { text-align: start; } th { font-weight: 600; }
td { font-variant-numeric: tabular-nums; }
"""
_HANDLINGS = ("hold", "collapse", "nudge")
_URGENCIES = ("now", "soon", "routine")
_WORDS = {
    "hold": "held for a moderator",
    "collapse": "folded behind a note",
    "nudge": "their author asked once more",
    "now": "shown at once",
    "soon": "shown within the hour",
    "routine": "shown within a day",
}


def summary(report: PolicyReport) -> list[str]:
    """What matters, in a few sentences."""
    before, after = report.before, report.after
    lines = [
        f"{report.messages:,} messages {_over(report)}, judged by {before.version} and by {after.version}.",
        f"Flagged: {before.flagged:,} before, {after.flagged:,} after "
        f"({report.newly_flagged:,} newly, {report.no_longer_flagged:,} no longer).",
        f"Of what people found harmful or a sign of danger: caught {_share(before.caught)} before, "
        f"{_share(after.caught)} after; missed {before.missed:,} before, {after.missed:,} after, "
        f"signs of danger among them {before.missed_risk:,} and {after.missed_risk:,}.",
        f"Of what people dismissed as harmless, flagged: {_share(before.flagged_harmless)} before, "
        f"{_share(after.flagged_harmless)} after.",
        _load(report),
    ]
    if report.people is not None:
        lines.append(
            f"{report.affected_people:,} of {report.people:,} people would notice a difference."
        )
    return lines


def in_words(report: PolicyReport) -> str:
    """For a terminal."""
    parts = [*summary(report), "", *_warnings(report)]
    for title, groups in _grouped(report):
        parts.append(f"By {title}:")
        parts += [f"  {_line(group)}" for group in groups]
    if report.rules:
        parts.append("Rules found:")
        parts += [f"  {name}: {count:,} messages" for name, count in report.rules.items()]
    parts += ["", *(f"Mind: {note}" for note in report.notes), f"Took {report.ran_s:g} s."]
    return "\n".join(parts)


def page(report: PolicyReport) -> str:
    """HTML with its own style and no script; it may be saved and handed on."""
    title = f"Replay of policy {report.after.version}"
    groups = "".join(_groups(f"By {title}", found) for title, found in _grouped(report) if found)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>{escape(title)}</h1>"
        + "".join(f'<p class="lead">{escape(line)}</p>' for line in summary(report)[:1])
        + _list("What it means", summary(report)[1:])
        + _list("For people in danger", _warnings(report))
        + _sides(report.before, report.after)
        + _changes(report)
        + groups
        + _rules(report)
        + _list("What to mind", report.notes)
        + f'<p class="soft">Model {escape(report.model)}. {report.kept_readings:,} readings were there, '
        f"{report.read_again:,} were made for this. Made {report.until:%Y-%m-%d %H:%M} UTC in "
        f"{report.ran_s:g} s. This page holds nobody's words.</p></main></body></html>\n"
    )


def _over(report: PolicyReport) -> str:
    if report.source == "data":
        return "of labelled public data"
    return f"since {report.since:%Y-%m-%d}" if report.since else ""


def _load(report: PolicyReport) -> str:
    load = report.load
    if load.more_cases == 0:
        return "Moderators would get as many cases as before."
    how = f"measured here on {load.measured_on} cases" if load.measured_on else "assumed"
    week = (
        f", {abs(load.more_minutes_per_week):g} minutes a week"
        if load.more_minutes_per_week is not None
        else ""
    )
    word = "more" if load.more_cases > 0 else "fewer"
    return (
        f"Moderators would get {abs(load.more_cases):,} cases {word}: {abs(load.more_minutes):g} minutes "
        f"{word} at {load.minutes_each:g} minutes each ({how}){week}."
    )


def _share(share: ReplayShare) -> str:
    if share.low is None or share.high is None:
        return f"{share.part:,} of {share.whole:,}"
    return (
        f"{share.part:,} of {share.whole:,} ({share.part / share.whole:.0%}, likely "
        f"{share.low:.0%} to {share.high:.0%})"
    )


def _warnings(report: PolicyReport) -> list[str]:
    return [f"{one.key}: {one.words}" for one in report.warnings]


def _grouped(report: PolicyReport) -> list[tuple[str, list[ReplayGroup]]]:
    return [
        ("room", report.rooms),
        ("language", report.languages),
        ("time since joining", report.newcomers),
    ]


def _named(group: ReplayGroup) -> str:
    return "small groups, told together" if group.together else group.name


def _line(group: ReplayGroup) -> str:
    people = f", {group.people} people" if group.people is not None else ""
    return (
        f"{_named(group)}: {group.messages:,} messages{people}; {group.newly_flagged:,} newly flagged, "
        f"{group.no_longer_flagged:,} no longer; caught {group.caught_before:,} before and "
        f"{group.caught_after:,} after of {group.decided:,}; {group.more_cases:+,} cases"
    )


def _sides(before: ReplaySide, after: ReplaySide) -> str:
    rows: list[Sequence[str]] = [
        ("Flagged at all", f"{before.flagged:,}", f"{after.flagged:,}"),
        ("Caught of harm and danger", _share(before.caught), _share(after.caught)),
        ("Missed", f"{before.missed:,}", f"{after.missed:,}"),
        ("Missed signs of danger", f"{before.missed_risk:,}", f"{after.missed_risk:,}"),
        ("Shown to a person", f"{before.to_person:,}", f"{after.to_person:,}"),
    ]
    rows += [
        (_WORDS[name].capitalize(), f"{b.get(name, 0):,}", f"{a.get(name, 0):,}")
        for names, b, a in (
            (_HANDLINGS, before.handling, after.handling),
            (_URGENCIES, before.urgency, after.urgency),
        )
        for name in names
    ]
    return _table("Both policies", ("Messages", before.version, after.version), rows)


def _changes(report: PolicyReport) -> str:
    rows = [(one.key, one.before or "none", one.after or "gone") for one in report.changes]
    return _table("What changes", ("Setting", "Before", "After"), rows) if rows else ""


def _groups(title: str, groups: Iterable[ReplayGroup]) -> str:
    head = (
        "Group", "Messages", "People", "Newly flagged", "No longer", "Caught before",
        "Caught after", "Of", "More cases",
    )  # fmt: skip
    rows = [
        (
            _named(group), f"{group.messages:,}", "" if group.people is None else f"{group.people:,}",
            f"{group.newly_flagged:,}", f"{group.no_longer_flagged:,}", f"{group.caught_before:,}",
            f"{group.caught_after:,}", f"{group.decided:,}", f"{group.more_cases:+,}",
        )
        for group in groups
    ]  # fmt: skip
    return _table(title, head, rows)


def _rules(report: PolicyReport) -> str:
    rows = [(name, f"{count:,}") for name, count in report.rules.items()]
    return _table("Rules of this place", ("Rule", "Messages found"), rows) if rows else ""


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    name = escape(title)
    return (
        f'<h2>{name}</h2><div class="scroll" role="region" tabindex="0" aria-label="{name}"><table>'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _list(title: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    return (
        f"<h2>{escape(title)}</h2><ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"
    )
