"""What `hearth doctor` looks at on the machine itself: disk, clock, versions, whose eyes the data are open to."""

import os
import platform
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib.metadata import version

from server.services import well
from server.settings import Settings
from server.store import beside
from server.store import well as stored
from server.store.audit import newest_at

_GIB = 1024**3
_CLOCK_OFF = timedelta(seconds=5)


def disk(settings: Settings) -> tuple[bool, str]:
    """How much is left."""
    found = well.disk_of(settings.data_dir)
    words = f"{found.free_bytes / _GIB:.1f} of {found.size_bytes / _GIB:.1f} GiB free where the data live."
    state = well.judge_disk(found)
    if state == "mend":
        return False, f"{words} A full disk refuses every word: make room."
    return True, f"{words} Less than a tenth is left." if state == "look" else words


def clock(settings: Settings) -> tuple[bool, str]:
    """Whether it is right: due times and sessions depend on it."""
    newest = beside.do(settings, newest_at)
    ahead = newest - datetime.now(UTC) if newest else timedelta(0)
    if ahead > _CLOCK_OFF:
        return (
            False,
            f"it stands {ahead.total_seconds():.0f} s behind what was written here last: it was set back.",
        )
    apart = abs(beside.do(settings, stored.clock_ahead))
    if apart > _CLOCK_OFF:
        return False, f"it and the database's stand {apart.total_seconds():.0f} s apart."
    if _is_kept() is False:
        return False, "nothing keeps it right (timedatectl set-ntp true): due times depend on it."
    return True, f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC."


def _is_kept() -> bool | None:
    """Whether the system says that its clock is kept right; None where it says nothing."""
    program = shutil.which("timedatectl")
    if program is None:
        return None
    try:
        asked = subprocess.run(
            [program, "show", "--property=NTPSynchronized", "--value"],
            capture_output=True, text=True, timeout=5, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return None
    return {"yes": True, "no": False}.get(asked.stdout.strip())


def versions(_: Settings) -> tuple[bool, str]:
    """What runs here, and whether something is too old to be safe."""
    old = [
        f"{name} {version(name)} < {floor}"
        for name, floor in FLOORS.items()
        if is_older(name, floor)
    ]
    here = f"Hearth {version('hearth')}, Python {platform.python_version()}"
    if old:
        return False, f"{here}; older than what is known to be safe: {', '.join(old)}."
    return (
        True,
        f"{here}; the libraries that face the outside are not older than what is known to be safe.",
    )


def is_older(name: str, floor: str) -> bool:
    """By the numbers of a version, as far as the floor has them."""
    here = [int(part) for part in version(name).split(".")[:3] if part.isdigit()]
    return here < [int(part) for part in floor.split(".")]


FLOORS = {
    "argon2-cffi": "25.1",
    "asyncpg": "0.32",
    "cryptography": "50",
    "fastapi": "0.165",
    "httptools": "0.9",
    "pydantic": "2.14.3",
    "redis": "8.1",
    "sqlalchemy": "2.1.9",
    "starlette": "1.3.1",
    "uvicorn": "0.52.1",
    "webauthn": "3.0.1",
    "websockets": "17.4",
}
"""Below these there are known holes, or they were never tried here (design: reliability.md, section 6)."""


def data_folder(settings: Settings) -> tuple[bool, str]:
    """Who may look into it."""
    if sys.platform == "win32":
        return True, f"{settings.data_dir}."
    if settings.data_dir.stat().st_mode & 0o007:
        return (
            False,
            f"everybody on this machine may look into {settings.data_dir}; run: chmod o-rwx {settings.data_dir}",
        )
    return True, f"{settings.data_dir} is closed to others on this machine."


def user(_: Settings) -> tuple[bool, str]:
    """As whom this runs."""
    return judge_user(None if sys.platform == "win32" else os.geteuid())


def judge_user(uid: int | None) -> tuple[bool, str]:
    """Root may do all: whoever breaks in here would have the whole machine. uid: None where there are none."""
    if uid == 0:
        return False, "running as root: whoever breaks in has the whole machine. Give it a user."
    return True, "not running as root."
