"""The crisis page: plain HTML from the server, one step from every page, without any JavaScript.

It asks nothing, and it still answers when the database does not.
"""

import re
from html import escape
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import FileResponse, HTMLResponse

from server import help_lines
from server.api.depend import find_actor, parts_of, token_of
from server.errors import NoSession, Pending, Unavailable
from server.protocol import bodies, frames
from server.services import help

router = APIRouter(include_in_schema=False)

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
        shown, known = await _find(request, asked)
    except Unavailable:
        shown, known = help.bundled_only(asked)
    return HTMLResponse(_page(shown, known), headers={"cache-control": "no-store"})


async def _find(request: Request, asked: str | None) -> help.Shown:
    """For the member who asks, if there is one; a session that opens nothing is no reason to refuse."""
    parts = parts_of(request)
    try:
        actor = await find_actor(parts, token_of(request)[0])
    except (NoSession, Pending):
        actor = None
    return await parts.database.read(lambda work: help.crisis(work, actor, asked))


@router.get("/crisis.css", openapi_extra=_ACCESS)
async def style() -> FileResponse:
    """How the page looks."""
    return FileResponse(_STYLE, media_type="text/css", headers={"cache-control": "max-age=3600"})


def _page(shown: bodies.CountryLines, known: list[tuple[str, str]]) -> str:
    where = f" in {escape(shown.name)}" if shown.country else ""
    lines = "".join(map(_line, shown.lines))
    people = f"<h2>People who listen{where}</h2><ul>{lines}</ul>" if lines else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Help right now</title>
<link rel="stylesheet" href="/crisis.css">
<script src="/leave.js" defer></script>
</head>
<body>
<main>
<p><a href="/">Back to the rooms</a> · <a href="/plain">Rooms without JavaScript</a> · <a href="/leave">Leave</a></p>
<h1>You do not have to carry this alone</h1>
<p>If you or somebody near you is in danger at this moment, please call:</p>
<div class="emergency">{"".join(_call(number) for number in shown.emergency)}</div>
<p>If you can, go to where somebody is with you, and put distance between you and anything
that could hurt you. You can say simply: <em>I am not safe right now.</em></p>
{people}
{_chooser(shown.country, known)}
{_everywhere(opened=not shown.country)}
<p class="small">We copied these numbers from public records, and a line says when its record was
last checked. The people of this place are peers: they are no emergency service.</p>
</main>
</body>
</html>
"""


def _call(number: str) -> str:
    if not _DIALABLE.fullmatch(number):
        return f"<p><strong>{escape(number)}</strong></p>"
    return f'<a class="call" href="tel:{help_lines.link(number)}">{escape(number)}</a>'


def _line(line: frames.HelpLine) -> str:
    ways = [_call(line.dial)] if line.dial else []
    ways += [_write(line.text)] if line.text else []
    ways += [f'<p><a href="{escape(line.url)}">{escape(line.url)}</a></p>'] if line.url else []
    about = f"<p>{escape(line.about)}</p>" if line.about else ""
    checked = f"Record last checked {line.verified_at}." if line.verified_at else ""
    facts = " ".join(filter(None, (line.hours and f"Open: {line.hours}.", checked)))
    small = f'<p class="small">{escape(facts)}</p>' if facts else ""
    return f"<li><h3>{escape(line.name)}</h3>{about}{''.join(ways)}{small}</li>"


def _write(text: str) -> str:
    number = _DIALABLE.match(text)
    if number is None:
        return f"<p>{escape(text)}</p>"
    to = help_lines.link(number.group().strip())
    return f'<a class="call" href="sms:{to}">Text {escape(text)}</a>'


def _chooser(chosen: str, known: list[tuple[str, str]]) -> str:
    options = "".join(
        f'<option value="{code}"{" selected" if code == chosen else ""}>{escape(name)}</option>'
        for code, name in known
    )
    return f"""<form action="/crisis" method="get">
<label for="country">I am in another country</label>
<select id="country" name="country">{options}</select>
<button>Show its numbers</button>
</form>"""


def _everywhere(*, opened: bool) -> str:
    """Emergency numbers of every country we have a record of, at hand without another step."""
    rows = "".join(
        f"<li>{escape(country.name)}: {', '.join(_tel(number.dial) for number in country.emergency)}</li>"
        for country in help_lines.load().values()
    )
    return f"""<details{" open" if opened else ""}>
<summary>Emergency numbers, by country</summary>
<ul class="everywhere">{rows}</ul>
</details>"""


def _tel(number: str) -> str:
    return f'<a href="tel:{help_lines.link(number)}">{escape(number)}</a>'
