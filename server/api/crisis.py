"""The crisis page: plain HTML from the server, one step from every page, without any JavaScript.

It asks nothing, and it still answers when the database does not.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from html import escape
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import FileResponse, HTMLResponse

from server import help_lines
from server.api.depend import find_actor, parts_of, token_of
from server.api.language import direction, language_of
from server.api.look import Look, look_of
from server.errors import NoSession, Pending, Unavailable
from server.protocol import bodies, frames
from server.services import help

router = APIRouter(include_in_schema=False)

_FILE = Path(__file__).with_name("crisis.toml")
_STYLE = Path(__file__).with_name("crisis.css")
_ACCESS = {"x-access": "help.read"}
_DIALABLE = re.compile(r"\+?[0-9][0-9 -]*")


@router.get("/crisis", openapi_extra=_ACCESS)
async def crisis(
    request: Request, country: Annotated[str | None, Query(max_length=80)] = None
) -> HTMLResponse:
    """Whom to call now. A country that is not one is taken for none: this page refuses nobody."""
    asked = country if country and re.fullmatch(r"[A-Z]{2}", country) else None
    try:
        (shown, known), is_member = await _find(request, asked)
    except Unavailable:
        (shown, known), is_member = help.bundled_only(asked), False
    html = _page(shown, known, language_of(request), look_of(request), is_member=is_member)
    return HTMLResponse(html, headers={"cache-control": "no-store"})


async def _find(request: Request, asked: str | None) -> tuple[help.Shown, bool]:
    """For the member who asks, and whether there is one; a session that opens nothing is no reason to refuse."""
    parts = parts_of(request)
    try:
        actor = await find_actor(parts, token_of(request)[0])
    except (NoSession, Pending):
        actor = None
    shown = await parts.database.read(lambda work: help.crisis(work, actor, asked))
    return shown, actor is not None


@router.get("/crisis.css", openapi_extra=_ACCESS)
async def style() -> FileResponse:
    """How the page looks."""
    return FileResponse(_STYLE, media_type="text/css", headers={"cache-control": "max-age=3600"})


def _page(
    shown: bodies.CountryLines,
    known: list[tuple[str, str]],
    language: str,
    look: Look = Look(),  # noqa: B008 - it cannot be changed
    *,
    is_member: bool = False,
) -> str:
    say = _words()[language]
    lines = "".join(_line(line, say) for line in shown.lines)
    where = say["listen_in"].format(country=escape(shown.name)) if shown.country else say["listen"]
    people = f"<h2>{where}</h2><ul>{lines}</ul>" if lines else ""
    numbers = shown.emergency if shown.country else [say["anywhere"]]
    plan = f'<p><a href="/plan">{say["plan"]}</a></p>' if is_member else ""
    review = f'<p class="small">{say["review"]}</p>' if say["review"] else ""
    return f"""<!doctype html>
<html lang="{language}" dir="{direction(language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{say["notes"] if look.is_plain else say["title"]}</title>
<link rel="icon" href="{look.icon}">
<link rel="stylesheet" href="/crisis.css">
<script src="/leave.js" defer data-title="{say["notes"]}"></script>
</head>
<body>
<main>
<p><a href="/">{say["back"]}</a> · <a href="/plain">{say["plain"]}</a> · <a href="/leave">{say["leave"]}</a></p>
<h1>{say["heading"]}</h1>
<p>{say["danger"]}</p>
<div class="emergency">{"".join(_call(number) for number in numbers)}</div>
<p>{say["safe"]} <em>{say["say"]}</em></p>
{plan}
{people}
{_chooser(shown.country, known, language)}
{_everywhere(say, opened=not shown.country)}
<p class="small">{say["copied"]}</p>
{review}
<p><a href="/report">{say["report"]}</a></p>
{_languages(shown.country, language)}
</main>
</body>
</html>
"""


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def _languages(country: str, language: str) -> str:
    """The same page in each of the others."""
    where = f"&amp;country={country}" if country else ""
    links = " · ".join(
        f'<a href="/crisis?language={code}{where}" lang="{code}" hreflang="{code}">{say["name"]}</a>'
        for code, say in _words().items()
        if code != language
    )
    return f"<p>{links}</p>"


def _call(number: str) -> str:
    if not _DIALABLE.fullmatch(number):
        return f"<p><strong>{escape(number)}</strong></p>"
    return f'<a class="call" href="tel:{help_lines.link(number)}"><bdi>{escape(number)}</bdi></a>'


def _line(line: frames.HelpLine, say: Mapping[str, str]) -> str:
    ways = [_call(line.dial)] if line.dial else []
    ways += [_write(line.text, say)] if line.text else []
    ways += (
        [f'<p><a href="{escape(line.url)}"><bdi>{escape(line.url)}</bdi></a></p>']
        if line.url
        else []
    )
    about = f'<p dir="auto">{escape(line.about)}</p>' if line.about else ""
    day = f'<bdi class="day" dir="ltr">{line.verified_at}</bdi>'
    checked = escape(say["checked"]).format(day=day) if line.verified_at else ""
    hours = escape(say["open"].format(hours=f"\u2068{line.hours}\u2069")) if line.hours else ""
    facts = " ".join(filter(None, (hours, checked)))
    small = f'<p class="small">{facts}</p>' if facts else ""
    return f'<li><h3 dir="auto">{escape(line.name)}</h3>{about}{"".join(ways)}{small}</li>'


def _write(text: str, say: Mapping[str, str]) -> str:
    number = _DIALABLE.match(text)
    if number is None:
        return f"<p>{escape(text)}</p>"
    to = help_lines.link(number.group().strip())
    return f'<a class="call" href="sms:{to}">{say["text"].format(how=f"<bdi>{escape(text)}</bdi>")}</a>'


def _chooser(chosen: str, known: list[tuple[str, str]], language: str) -> str:
    say = _words()[language]
    options = "".join(
        f'<option value="{code}"{" selected" if code == chosen else ""}>{escape(name)}</option>'
        for code, name in known
    )
    return f"""<form action="/crisis" method="get">
<input type="hidden" name="language" value="{language}">
<label for="country">{say["elsewhere"]}</label>
<select id="country" name="country">{options}</select>
<button>{say["show"]}</button>
</form>"""


def _everywhere(say: Mapping[str, str], *, opened: bool) -> str:
    """Emergency numbers of every country we have a record of, at hand without another step."""
    rows = "".join(
        f"<li>{escape(country.name)}: {', '.join(_tel(number.dial) for number in country.emergency)}</li>"
        for country in help_lines.load().values()
    )
    return f"""<details{" open" if opened else ""}>
<summary>{say["everywhere"]}</summary>
<ul class="everywhere">{rows}</ul>
</details>"""


def _tel(number: str) -> str:
    return f'<a href="tel:{help_lines.link(number)}"><bdi>{escape(number)}</bdi></a>'
