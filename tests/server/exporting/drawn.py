"""Any measures, any people who answered them, and a source that holds them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import strategies as st

from server.ids import new_id
from server.measures.model import Item, Option
from server.services.fhir.model import Agreement, Definition, Export, Look, Person, Response
from server.store.tables import Consent
from server.store.work import Work

MOODS = Definition(
    id="moods",
    title="Moods, a measure for tests",
    items=(Item("1", "Little joy", "44250-9"), Item("2", "=1+1", None)),
    options=(Option("Not at all", 0, "LA6568-5"), Option("Nearly every day", 3, None)),
    loinc_panel="44249-1",
    loinc_total="44261-6",
    source="Written for tests; nobody published it.",
)


@dataclass(slots=True)
class Drawer:
    """A source of measures that tests fill by hand."""

    known: list[Definition] = field(default_factory=lambda: [MOODS])
    responses: list[Response] = field(default_factory=list)

    def definitions(self) -> Sequence[Definition]:
        return self.known

    def finished(self, work: Work, room_id: UUID, members: Collection[UUID]) -> Sequence[Response]:
        return [each for each in self.responses if each.member in members and each.room == room_id]

    def answer(self, member: UUID, room: UUID, at: datetime, **answers: int) -> Response:
        """One of them answers the moods: `_1=3` is 3 for item 1."""
        found = {name.strip("_"): value for name, value in answers.items()}
        total = sum(found.values()) if len(found) == len(MOODS.items) else None
        self.responses.append(Response(new_id(), "moods", member, room, at, found, total))
        return self.responses[-1]


def agree(
    work: Work, room: UUID, member: UUID, scope: str = "measures", wording: str = "2026-12 en"
) -> None:
    """For a month, to the clinicians of that group."""
    row = Consent(
        member_id=member, room_id=room, scope=scope, wording=wording, given_at=work.now,
        until=work.now + timedelta(days=30),
    )  # fmt: skip
    work.session.add(row)


words = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=30)
codes = st.none() | st.from_regex(r"[1-9][0-9]{0,4}-[0-9]", fullmatch=True)
answer_codes = st.none() | st.from_regex(r"LA[1-9][0-9]{0,4}-[0-9]", fullmatch=True)
times = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is beside it


@st.composite
def definitions(draw: st.DrawFn, id: str) -> Definition:
    links = draw(st.lists(st.integers(1, 99), min_size=1, max_size=5, unique=True))
    values = draw(st.lists(st.integers(0, 9), min_size=1, max_size=5, unique=True))
    return Definition(
        id=id,
        title=draw(words),
        items=tuple(Item(str(link), draw(words), draw(codes)) for link in links),
        options=tuple(Option(draw(words), value, draw(answer_codes)) for value in values),
        loinc_panel=draw(codes),
        loinc_total=draw(codes),
        source=draw(words),
    )


@st.composite
def responses(draw: st.DrawFn, member: UUID, definition: Definition) -> Response:
    """Some items may be left out, and a value may be none that is offered any more."""
    links = [item.link_id for item in definition.items]
    answered = draw(st.lists(st.sampled_from(links), unique=True))
    values = st.sampled_from([*(option.value for option in definition.options), 77])
    return Response(
        id=new_id(),
        measure=definition.id,
        member=member,
        room=None,
        at=draw(times),
        answers={link: draw(values) for link in answered},
        total=draw(st.none() | st.integers(0, 99)),
    )


@st.composite
def people(draw: st.DrawFn, asked: Sequence[Definition]) -> Person:
    member = new_id()
    looks = st.builds(Look, at=times, role=st.just("clinician"), exported=st.booleans())
    return Person(
        agreement=Agreement(draw(words), draw(times), draw(st.none() | times)),
        responses=tuple(
            draw(responses(member, draw(st.sampled_from(asked))))
            for _ in range(draw(st.integers(0, 3)))
        ),
        looks=tuple(draw(st.lists(looks, max_size=3))),
    )


@st.composite
def exports(draw: st.DrawFn) -> Export:
    """Any export at all, also of nobody and of nothing."""
    asked = [draw(definitions(f"measure-{number}")) for number in range(draw(st.integers(1, 2)))]
    return Export(
        at=draw(times),
        role="clinician",
        version="0.1.0",
        definitions=tuple(asked),
        people=tuple(draw(people(asked)) for _ in range(draw(st.integers(0, 3)))),
    )
