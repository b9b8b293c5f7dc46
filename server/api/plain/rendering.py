"""Plain pages as HTML: templates that escape all they are given, and a policy without any script."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

_FOLDER = Path(__file__).parent
STYLE = _FOLDER / "plain.css"
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    # With no-referrer a browser says `Origin: null` when it sends a form, and every form would be refused.
    "referrer-policy": "same-origin",
}


def clock(at: datetime) -> str:
    """A moment in UTC: without JavaScript nobody tells us the reader's zone."""
    at = at.astimezone(UTC)
    return f"{at.day} {at:%b, %H:%M} UTC"


def page(template: str, status: int = 200, **shown: Any) -> HTMLResponse:
    """A template with what it shows; a name that is missing is an error, not a blank."""
    html = _TEMPLATES.get_template(template).render(shown)
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
