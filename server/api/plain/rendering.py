"""Plain pages as HTML: templates that escape all they are given, and a policy for one script, that of leaving."""

import tomllib
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from server.api.language import SPOKEN, direction
from server.api.look import looking

_FOLDER = Path(__file__).parent
STYLE = _FOLDER / "plain.css"
speaking: ContextVar[str] = ContextVar("speaking", default=SPOKEN[0])
"""The language of the page that is being made."""
_WORDS: Mapping[str, Mapping[str, str]] = tomllib.loads(
    (_FOLDER / "words.toml").read_text(encoding="utf-8")
)
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    # With no-referrer a browser says `Origin: null` when it sends a form, and every form would be refused.
    "referrer-policy": "same-origin",
}


def clock(at: datetime) -> str:
    """A moment in UTC: without JavaScript nobody tells us the reader's zone."""
    at = at.astimezone(UTC)
    if speaking.get() == SPOKEN[0]:
        return f"{at.day} {at:%b, %H:%M} UTC"
    return f"\u2068{at:%Y-%m-%d %H:%M} UTC\u2069"


def page(template: str, status: int = 200, **shown: Any) -> HTMLResponse:
    """A template with what it shows; a name that is missing is an error, not a blank."""
    language = speaking.get()
    html = _TEMPLATES.get_template(template).render(
        **shown,
        say=_WORDS[language],
        language=language,
        dir=direction(language),
        look=looking.get(),
        languages=[(code, say["language"]) for code, say in _WORDS.items()],
    )
    return HTMLResponse(html, status, headers=_HEADERS)


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["clock"] = clock
    return made


_TEMPLATES = _environment()
