"""`hearth policy`: what judges here; check, replay, apply, try out or take back a policy."""

import argparse
import asyncio
import os
import re
import sys
from functools import partial
from pathlib import Path
from typing import Any

from moderation.policy import DEFAULT, Policy
from moderation.policy_text import Checked, check_policy, rule_in_words
from server.cli import listing
from server.errors import Misconfigured, NotNow
from server.ids import new_id
from server.protocol import policy as bodies
from server.services import policies, policy_page
from server.services.in_force import find_in_force
from server.settings import Settings
from server.store import beside
from server.store.work import Work

_EXAMPLES = """examples:
  hearth policy show > mine.toml          what judges here, to be changed
  hearth policy check mine.toml           every mistake, with its line
  hearth policy replay --policy mine.toml --since 30d --html report.html
  hearth policy shadow mine.toml --reason "Ana asks whether spam comes from crypto"
  hearth policy apply mine.toml --reason "It found 41 adverts in a week, and nothing else"
  hearth policy rollback --reason "It folded a poem"
  hearth policy history"""


def add(commands: Any) -> None:
    """Seven verbs."""
    parser = commands.add_parser(
        "policy",
        help="what judges here: check, replay, apply or take back",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    showing = _verb(verbs, "show", _show, "hearth policy show --edition 3 > three.toml")
    showing.add_argument("--edition", type=int, help="an earlier one; 0: as shipped [in force]")
    showing.add_argument("--json", action="store_true", help="with its history, for programs")
    checking = _verb(verbs, "check", _check, "hearth policy check mine.toml")
    _add_file(checking)
    listing.add_json(checking)
    _add_replay(verbs)
    for name, run in (("apply", _apply), ("shadow", _shadow)):
        taking = _verb(verbs, name, run, f'hearth policy {name} mine.toml --reason "Why"')
        _add_file(taking, optional=name == "shadow")
        _add_reason(taking)
        taking.add_argument(
            "--accept-warnings",
            action="store_true",
            help="I have read what it means for people in danger",
        )
        if name == "shadow":
            taking.add_argument("--end", action="store_true", help="nothing is on trial any more")
    back = _verb(verbs, "rollback", _rollback, 'hearth policy rollback --to 2 --reason "Why"')
    back.add_argument("--to", type=int, help="an edition; 0: as shipped [the one before]")
    _add_reason(back)
    listing.add_json(_verb(verbs, "history", _history, "hearth policy history --json"))


def _verb(verbs: Any, name: str, run: Any, example: str) -> argparse.ArgumentParser:
    about = run.__doc__.partition("\n")[0]
    parser: argparse.ArgumentParser = verbs.add_parser(
        name,
        help=about[0].lower() + about[1:].rstrip("."),
        description=run.__doc__,
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def _add_file(parser: argparse.ArgumentParser, *, optional: bool = False) -> None:
    parser.add_argument("file", type=Path, nargs="?" if optional else None, help="a policy in TOML")


def _add_reason(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reason", required=True, help="why; kept in the history, sealed")


def _add_replay(verbs: Any) -> None:
    parser = _verb(
        verbs, "replay", _replay,
        "hearth policy replay --policy mine.toml --since 30d --html report.html\n"
        "  hearth policy replay --policy mine.toml --data ../shared/data --json",
    )  # fmt: skip
    parser.add_argument("--policy", type=Path, help="a policy in TOML [the one in force]")
    parser.add_argument(
        "--model", help="a registered model to read everything by [the present one]"
    )
    parser.add_argument("--since", type=_days, default=30, metavar="30d", help="how far back [30d]")
    parser.add_argument(
        "--data", type=Path, help="labelled public data in place of what was said here"
    )
    parser.add_argument(
        "--messages", type=int, default=10_000, help="with --data: at most so many [10000]"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object, for programs")
    parser.add_argument("--html", type=Path, metavar="FILE", help="the report as a page, too")


def _days(text: str) -> int:
    found = re.fullmatch(r"(\d{1,4})([dw]?)", text)
    days = int(found[1]) * (7 if found[2] == "w" else 1) if found else 0
    if not 1 <= days <= 3_650:
        raise argparse.ArgumentTypeError("days or weeks, like 30d or 4w")
    return days


def _show(asked: argparse.Namespace, settings: Settings) -> None:
    """What judges here, as it is written; or an earlier edition."""
    if asked.json:
        print(beside.do(settings, policies.shown).model_dump_json(indent=2))
        return
    print(beside.do(settings, lambda work: policies.edition_text(work, asked.edition)), end="")


def _check(asked: argparse.Namespace, settings: Settings) -> int:
    """Every mistake in a policy, with its line and what is allowed; or what it would change."""
    text = _read(asked.file)
    here = settings.database_url or settings.sqlite_path.exists()
    if here:
        checked, before = beside.do(settings, lambda work: _checked_here(work, text))
    else:
        checked, before = check_policy(text), DEFAULT
    body = bodies.PolicyChecked(
        ok=checked.policy is not None,
        problems=[policies.problem(one) for one in checked.problems],
        warnings=[policies.problem(one) for one in checked.warnings],
        changes=policies.changes(before, checked.policy) if checked.policy else [],
        rules=[],
    )
    print(body.model_dump_json(indent=2) if asked.json else "\n".join(_lines(checked, body)))
    return 0 if body.ok else 1


def _checked_here(work: Work, text: str) -> tuple[Checked, Policy]:
    return policies.check_text(work, text), find_in_force(work).policy


def _lines(checked: Checked, body: bodies.PolicyChecked) -> list[str]:
    if checked.policy is None:
        return [f"WRONG: {problem}" for problem in checked.problems]
    lines = [f"{one.key}: {one.before or 'none'} -> {one.after or 'gone'}" for one in body.changes]
    lines += [f"FOR PEOPLE IN DANGER: {warning}" for warning in checked.warnings]
    lines += [f"rule {rule.name}: {rule_in_words(rule)}" for rule in checked.policy.rules]
    return [*(lines or ["It changes nothing."]), "It can be taken."]


def _replay(asked: argparse.Namespace, settings: Settings) -> None:
    """Run a policy or a model over what was said here, and say what would be caught, missed and asked of people.

    With --data, over labelled public texts in place of it. Nobody's words stand in the report.
    """
    from server.replay import policy as replaying  # a model's libraries

    text = _read(asked.policy) if asked.policy else None
    wanted = replaying.Asked(asked.since, text, asked.model, processes=os.cpu_count() or 1)
    if asked.data:
        report = replaying.replay_data(
            asked.data, _judging(settings), settings, wanted, asked.messages, _progress
        )
    else:
        go = partial(replaying.replay_history, settings=settings, asked=wanted, progress=_progress)
        beside.do(settings, lambda _: None)  # the key and the newest tables
        report = asyncio.run(beside.open_and(settings, go))
        if text is not None and asked.model is None:
            beside.do(
                settings, lambda work: policies.keep_replay(work, None, new_id(), text, report)
            )
    if asked.html:
        asked.html.write_text(policy_page.page(report), "utf-8")
    print(report.model_dump_json() if asked.json else policy_page.in_words(report))


def _judging(settings: Settings) -> Policy:
    if not (settings.database_url or settings.sqlite_path.exists()):
        return DEFAULT
    return beside.do(settings, find_in_force).policy


def _progress(done: int, total: int | None) -> None:
    if sys.stderr.isatty():
        print(f"\r{done:,} of {total:,}" if total else f"\r{done:,}", end="", file=sys.stderr)
        if done == total:
            print(file=sys.stderr)


def _apply(asked: argparse.Namespace, settings: Settings) -> None:
    """This policy judges from now on; a running server takes it within seconds. Replay it first."""
    edition = _take(asked, settings, "applied")
    print(f"Edition {edition} judges now.")


def _shadow(asked: argparse.Namespace, settings: Settings) -> None:
    """This policy judges beside the one in force, and does nothing: what it would do is counted by day."""
    if asked.end:
        beside.do(settings, lambda work: policies.stop_trial(work, None, asked.reason))
        print("Nothing is on trial any more.")
        return
    if asked.file is None:
        raise Misconfigured("Give a policy, or --end.")
    edition = _take(asked, settings, "shadow")
    print(f"Edition {edition} is on trial.")


def _take(asked: argparse.Namespace, settings: Settings, mode: Any) -> int:
    new = bodies.NewPolicyEdition(
        text=_read(asked.file),
        mode=mode,
        reason=_reason(asked),
        accept_warnings=asked.accept_warnings,
    )
    return beside.do(settings, lambda work: policies.change(work, None, new).number)


def _rollback(asked: argparse.Namespace, settings: Settings) -> None:
    """An earlier edition judges again, at once: the one before, or the one that is named."""

    def go_back(work: Work) -> int:
        to = policies.before_this(work) if asked.to is None else asked.to
        rollback = bodies.PolicyRollback(to=to, reason=_reason(asked))
        return policies.go_back(work, None, rollback).number

    print(f"Edition {beside.do(settings, go_back)} judges now.")


def _history(asked: argparse.Namespace, settings: Settings) -> None:
    """Every change, newest first: what, when, by whom and why."""
    editions = beside.do(settings, policies.shown).editions
    rows = [edition.model_dump(mode="json") for edition in editions]
    listing.show(rows, _edition_line, as_json=asked.json)


def _edition_line(row: listing.Row) -> str:
    back = "" if row["back_to"] is None else f" back to {row['back_to']}"
    by = row["by"] or "terminal"
    return f"{row['number']:>3} {row['at'][:16]} {row['mode'] + back:<20} {by:<20} {row['reason']}"


def _reason(asked: argparse.Namespace) -> str:
    reason: str = asked.reason.strip()
    if not 1 <= len(reason) <= 280:
        raise Misconfigured("--reason: 1 to 280 characters.")
    return reason


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise NotNow(f"{path} cannot be read as text.") from None
