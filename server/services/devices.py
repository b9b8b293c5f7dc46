"""A device in words, as far as its browser says what it is. What else it says is kept nowhere."""

from typing import Final, NamedTuple


class Device(NamedTuple):
    """Names that are the same in every language; None where it did not say."""

    browser: str | None = None
    system: str | None = None


_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
"""In this order: most say that they are several of them."""


def device_of(agent: str) -> Device:
    """By its User-Agent header."""
    return Device(_first(agent, _BROWSERS), _first(agent, _SYSTEMS))


def _first(agent: str, known: tuple[tuple[str, str], ...]) -> str | None:
    return next((name for part, name in known if part in agent), None)
