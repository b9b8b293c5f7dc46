"""The licence of each package in the lock files, and whether it may be here."""

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")
WEB_LOCK = ROOT / "web" / "package-lock.json"
_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9_.\-]*)==([^\s;\\]+)", re.MULTILINE)
_PARTS = re.compile(r"\s+(?:AND|OR)\s+|[()]|;\s*")


@dataclass(frozen=True, slots=True)
class Package:
    """One of them. licence: empty where it is not known."""

    name: str
    version: str
    licence: str

    @property
    def is_allowed(self) -> bool:
        """Whether every part of its licence stands in allowed.toml."""
        if self.licence in _allowed():
            return True
        parts = [part.strip() for part in _PARTS.split(self.licence) if part.strip()]
        return bool(parts) and all(part in _allowed() for part in parts)


def packages() -> list[Package]:
    """Of the server, of development, and of the web; those for other systems than this one are left out."""
    found = {package.name: package for package in (*_of_python(), *_of_the_web())}
    return sorted(found.values(), key=lambda package: package.name.lower())


def _of_python() -> Iterator[Package]:
    for lock in LOCKS:
        for name, version in _PINNED.findall((ROOT / lock).read_text(encoding="utf-8")):
            try:
                yield Package(name, version, _read()["read"].get(name) or _licence_of(name))
            except PackageNotFoundError:
                continue


def _licence_of(name: str) -> str:
    about = distribution(name).metadata
    classifiers = about.get_all("Classifier") or []
    named = [one.rpartition("::")[2].strip() for one in classifiers if one.startswith("License ::")]
    older = [one for one in named if one != "OSI Approved"] or about.get_all("License") or []
    return "; ".join(str(one) for one in about.get_all("License-Expression") or older)


def _of_the_web() -> Iterator[Package]:
    locked = json.loads(WEB_LOCK.read_text(encoding="utf-8"))["packages"]
    for path, package in locked.items():
        if path:
            name = path.rpartition("node_modules/")[2]
            yield Package(f"npm {name}", package["version"], package.get("license", ""))


@cache
def _read() -> dict[str, dict[str, str]]:
    found = tomllib.loads(Path(__file__).with_name("allowed.toml").read_text(encoding="utf-8"))
    return {"read": found["read"], "allowed": dict.fromkeys([*found["spdx"], *found["older"]], "")}


def _allowed() -> dict[str, str]:
    return _read()["allowed"]
