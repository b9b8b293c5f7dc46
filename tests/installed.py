"""Where this machine keeps the programs that tests need; the standard library alone."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

DEBIAN_PACKAGES = {
    "chromium": ("chromium", "fonts-noto-core"),
    "PostgreSQL": ("postgresql",),
    "Redis": ("redis-server",),
}


def missing() -> list[str]:
    """The names of what is neither installed nor given by an address."""
    found = {
        "chromium": find_chromium(),
        "PostgreSQL": os.environ.get("TEST_DATABASE_URL") or find_postgres("postgres"),
        "Redis": os.environ.get("TEST_REDIS_URL") or find_redis(),
    }
    return [name for name, place in found.items() if not place]


def find_chromium() -> Path | None:
    """TEST_CHROMIUM, or a browser of Chromium's family."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return _first(os.environ.get("TEST_CHROMIUM"), *map(shutil.which, names))


def find_postgres(program: str) -> Path | None:
    """A program of the PostgreSQL server, the newest; Debian keeps them off the PATH."""
    debian = Path("/usr/lib/postgresql").glob(f"*/bin/{program}")
    newest = sorted(debian, key=lambda path: int(re.sub(r"\D", "", path.parts[4])), reverse=True)
    return _first(*newest, shutil.which(program))


def find_redis() -> Path | None:
    """A Redis server, or Valkey, which speaks the same."""
    return _first(*map(shutil.which, ("redis-server", "valkey-server")))


def how_to_install(names: list[str]) -> str:
    """One line that says what to install."""
    packages = " ".join(package for name in names for package in DEBIAN_PACKAGES[name])
    return (
        f"Tests need {', '.join(names)}. On Debian or Ubuntu: "
        f"sudo apt-get install --no-install-recommends {packages}"
    )


def _first(*places: str | Path | None) -> Path | None:
    return next((Path(place) for place in places if place), None)
