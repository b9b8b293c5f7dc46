"""Words to start from, by action and language: those that come with Hearth, as a steward changed them."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from server.access import Actor, check
from server.errors import NotFound, NotNow
from server.ids import new_id
from server.protocol import desk
from server.store import audit
from server.store import templates as stored
from server.store.tables import Template
from server.store.work import Work

_FILE = Path(__file__).with_name("templates.toml")
_LANGUAGE = "en"
"""What is shown where there is nothing in the language asked for."""
_AT_MOST = 200


def read_templates(work: Work, actor: Actor, language: str) -> desk.Templates:
    """What a moderator may start from, in a language; where there is none, in English."""
    check(actor, "template.read")
    found = [one for one in _of(work, language) if not one.hidden]
    if not found and language != _LANGUAGE:
        found = [one for one in _of(work, _LANGUAGE) if not one.hidden]
    return desk.Templates(templates=found)


def list_templates(work: Work, actor: Actor, language: str) -> desk.Templates:
    """All of a language, the hidden ones too, for whoever edits them."""
    check(actor, "steward.templates")
    return desk.Templates(templates=_of(work, language))


def add_template(work: Work, actor: Actor, new: desk.NewTemplate) -> desk.Template:
    """A steward's own words. Raises NotNow when there are very many already."""
    check(actor, "steward.templates")
    if len(stored.of_language(work, new.language)) >= _AT_MOST:
        raise NotNow(f"There are {_AT_MOST} in this language already: please hide or change some.")
    row = Template(id=f"own-{new_id()}", at=work.now, **new.model_dump())
    work.session.add(row)
    work.session.flush()
    audit.append(work, actor.id, "template.add", row.id)
    return _body(row)


def change_template(
    work: Work, actor: Actor, template_id: str, patch: desk.TemplatePatch
) -> desk.Template:
    """Other words, hidden or shown, or as it came. Raises NotFound."""
    check(actor, "steward.templates")
    shipped = _shipped().get(template_id)
    row = stored.find(work, template_id) or (_row(work, shipped) if shipped else None)
    if row is None:
        raise NotFound
    if patch.as_shipped and shipped:
        row.name, row.words = shipped.name, shipped.words
    for name, value in patch.model_dump(exclude_none=True, exclude={"as_shipped"}).items():
        setattr(row, name, value)
    row.at = work.now
    work.session.add(row)
    work.session.flush()
    audit.append(work, actor.id, "template.change", row.id)
    return _body(row)


def _of(work: Work, language: str) -> list[desk.Template]:
    rows = stored.of_language(work, language)
    changed = {row.id: _body(row) for row in rows}
    shipped = [one for one in _shipped().values() if one.language == language]
    own = [changed[row.id] for row in rows if row.own]
    return own + [changed.get(one.id, one) for one in shipped]


def _body(row: Template) -> desk.Template:
    shipped = _shipped().get(row.id)
    is_ours = shipped is not None and (row.name, row.words) == (shipped.name, shipped.words)
    action: Any = row.action
    return desk.Template(
        id=row.id,
        action=action,
        language=row.language,
        name=row.name,
        words=row.words,
        written_by="us" if is_ours else "place",
        hidden=row.hidden,
    )


def _row(work: Work, shipped: desk.Template) -> Template:
    return Template(
        id=shipped.id, action=shipped.action, language=shipped.language, name=shipped.name,
        words=shipped.words, own=False, at=work.now,
    )  # fmt: skip


@cache
def _shipped() -> Mapping[str, desk.Template]:
    """By id: language, action, and which of them."""
    found: dict[str, desk.Template] = {}
    for language, actions in tomllib.loads(_FILE.read_text(encoding="utf-8")).items():
        for action, templates in actions.items():
            for number, (name, words) in enumerate(templates, 1):
                key = f"{language}-{action}-{number}"
                found[key] = desk.Template(
                    id=key,
                    action=action,
                    language=language,
                    name=name,
                    words=words,
                    written_by="us",
                )
    return found
