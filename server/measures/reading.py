"""Reading definitions: those that come with Hearth, and the steward's own. What has no source is refused."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from server.measures.model import Definition

_BUNDLED = Path(__file__).parent
_OFFERS = "offers.toml"
_SOURCED = ("publication", "permission", "source", "verified", "scoring")


class BadMeasureError(ValueError):
    """The file says something that we will ask nobody."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that can be offered now to somebody whose course is not as expected."""

    title: str
    words: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What can be asked here, by id, and what can be offered."""

    definitions: Mapping[str, Definition] = field(default_factory=dict)
    offers: tuple[Offer, ...] = ()
    problems: tuple[str, ...] = ()
    """Files of the steward's that are not asked, each with its reason."""


def load(folder: Path | None = None) -> Catalogue:
    """The bundled ones, and those in the steward's folder. A bundled one is never replaced."""
    own = sorted(folder.glob("*.toml")) if folder and folder.is_dir() else []
    definitions, problems = dict(_bundled()), list[str]()
    offers = _read_offers(_BUNDLED / _OFFERS)
    for path in own:
        try:
            if path.name == _OFFERS:
                offers = _read_offers(path)
            else:
                _add(definitions, path)
        except BadMeasureError as error:
            problems.append(str(error))
    return Catalogue(definitions, offers, tuple(problems))


def read(text: str) -> Definition:
    """One definition, from the text of its file. Raises BadMeasureError, saying what is wrong."""
    try:
        definition = TypeAdapter(Definition).validate_python(_known(tomllib.loads(text)))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadMeasureError(f"not TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadMeasureError(f"{place}: {first['msg']}") from error
    for problem in _problems(definition):
        raise BadMeasureError(problem)
    return definition


def _add(definitions: dict[str, Definition], path: Path) -> None:
    definition = _read_file(path)
    if definition.id in definitions:
        raise BadMeasureError(f"{path.name}: there is a {definition.id} already")
    definitions[definition.id] = definition


@cache
def _bundled() -> Mapping[str, Definition]:
    paths = [path for path in sorted(_BUNDLED.glob("*.toml")) if path.name != _OFFERS]
    return {found.id: found for found in map(_read_file, paths)}


def _read_file(path: Path) -> Definition:
    try:
        return read(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, BadMeasureError) as error:
        raise BadMeasureError(f"{path.name}: {error}") from error


def _read_offers(path: Path) -> tuple[Offer, ...]:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get("offer", [])
        return TypeAdapter(tuple[Offer, ...]).validate_python(tables)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise BadMeasureError(f"{path.name}: it is no list of offers") from error


def _known(table: dict[str, object]) -> dict[str, object]:
    """Raises BadMeasureError for a key that means nothing: it may be one that was spelt wrongly."""
    unknown = set(table) - set(Definition.__dataclass_fields__)
    if unknown:
        raise BadMeasureError(f"{min(unknown)}: not known")
    return table


def _problems(definition: Definition) -> Iterator[str]:
    for name in _SOURCED:
        if not getattr(definition, name).strip():
            yield f"{name}: a questionnaire without it is not asked here"
    links = [item.link_id for item in definition.items]
    values = [option.value for option in definition.options]
    if not links or len(set(links)) != len(links):
        yield "items: each needs a link_id of its own"
    if values != list(range(len(values))) or not values:
        yield "options: they count 0, 1, 2 and so on"
    lowest = [band.lowest for band in definition.bands]
    if not lowest or lowest[0] != 0 or lowest != sorted(set(lowest)):
        yield "bands: they begin at 0 and rise"
    yield from _rule_problems(definition)


def _rule_problems(definition: Definition) -> Iterator[str]:
    if definition.language != "en" and not (definition.translation or "").strip():
        yield "translation: only a validated one is asked; name the study"
    danger, change, course = definition.danger, definition.reliable_change, definition.course
    if danger and danger.link_id not in {item.link_id for item in definition.items}:
        yield "danger: there is no such question"
    if danger and len(danger.urgency) != len(definition.options):
        yield "danger: one urgency for each answer"
    if change and not (0 < change.reliability < 1 and change.sd > 0 and change.source.strip()):
        yield "reliable_change: a reliability between 0 and 1, an sd above 0, and its source"
    if course and not (change and course.source.strip() and course.unknown.strip()):
        yield "course: it needs reliable_change, its source, and what it does not know"
