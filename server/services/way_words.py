"""What a member is told when a way to log in was added, changed, removed or used: in the language they did it in."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final
from uuid import UUID

from server.services import notices
from server.store.work import Work

_FILE: Final = Path(__file__).with_name("way_words.toml")
_SPOKEN: Final = "en"


def tell(work: Work, member_id: UUID, code: str, language: str, left: int | None = None) -> None:
    """A notice. left: how many recovery codes there still are."""
    words = said(code, language).replace("[left]", str(left))
    notices.tell(
        work, member_id=member_id, kind="way_in", code=code, words=words, by_role="machine",
        automated=True,
    )  # fmt: skip


def said(code: str, language: str) -> str:
    """The words, in English where we have no others."""
    return _all().get(language, _all()[_SPOKEN])[code]


@cache
def _all() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))
