"""Which language a page of the server's own speaks: as asked, as chosen in this browser, as the browser says."""

from collections.abc import Iterator
from typing import Final, Literal

from starlette.requests import HTTPConnection

SPOKEN: Final = ("en", "de", "es", "fr", "ar")
COOKIE: Final = "hearth-language"
"""Set by the web where somebody chose a language, and by `?language=` here; it says nothing else about them."""
_FROM_THE_RIGHT: Final = frozenset({"ar"})
_MOST_TAGS: Final = 20


def language_of(request: HTTPConnection) -> str:
    """One of SPOKEN; English where nothing that is asked for is spoken. Nothing malformed is refused."""
    asked = (request.query_params.get("language"), request.cookies.get(COOKIE))
    for tag in (*asked, *_accepted(request.headers.get("accept-language", ""))):
        if spoken := find_spoken(tag):
            return spoken
    return SPOKEN[0]


def find_spoken(tag: str | None) -> str | None:
    """The language of a tag like "de-AT", if it is spoken."""
    language = (tag or "").replace("_", "-").split("-")[0].strip().lower()
    return language if language in SPOKEN else None


def direction(language: str) -> Literal["ltr", "rtl"]:
    """From which side its words run."""
    return "rtl" if language in _FROM_THE_RIGHT else "ltr"


def _accepted(header: str) -> Iterator[str]:
    """The tags of an Accept-Language header, the dearest first."""
    weighed = [_weighed(each) for each in header.split(",")[:_MOST_TAGS]]
    yield from (tag for weight, tag in sorted(weighed, key=lambda each: -each[0]) if weight > 0)


def _weighed(part: str) -> tuple[float, str]:
    tag, _, weight = part.partition(";q=")
    try:
        return (float(weight) if weight else 1.0), tag.strip()
    except ValueError:
        return 0.0, tag.strip()
