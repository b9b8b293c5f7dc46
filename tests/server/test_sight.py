"""What a clinician may see of one member, and what the member sees of that."""

from datetime import timedelta
from uuid import UUID

import pytest

from server.access import Actor, Role
from server.errors import NotFound
from server.services import sight
from server.store import audit, receipts
from server.store.tables import Consent
from tests.server.store_fixture import MONDAY, House


async def cast(house: House) -> tuple[Actor, Actor, UUID]:
    marram, carer = await house.join("marram"), await house.join("rowan", Role.CLINICIAN)
    room = await house.room("Tides", (marram, "peer"), (carer, "clinician"))
    return marram, carer, room


async def agree(house: House, member: Actor, room: UUID | None, scope: str = "measures") -> None:
    def verb(work):
        row = Consent(
            member_id=member.id, room_id=room, scope=scope, wording="1 en",
            given_at=work.now, until=work.now + timedelta(days=7),
        )  # fmt: skip
        work.session.add(row)

    await house.do(verb)


async def look(house: House, actor: Actor, room: UUID, member: Actor) -> None:
    await house.do(lambda work: sight.look(work, actor, room, member.id, "measures"))


async def test_a_look_under_consent_leaves_a_receipt_and_an_audit_line(any_house: House):
    marram, carer, room = await cast(any_house)
    await agree(any_house, marram, room)
    await look(any_house, carer, room, marram)

    (receipt,) = await any_house.do(lambda work: receipts.of_member(work, marram.id))
    seen = (receipt.viewer_id, receipt.role, receipt.scope, receipt.room_id, receipt.at)
    assert seen == (carer.id, "clinician", "measures", room, MONDAY)
    assert receipt.consent_id is not None
    head = await any_house.do(audit.head)
    assert head is not None
    assert (head.verb, head.subject) == ("look.measures", str(receipt.id))


async def test_without_consent_that_stands_nobody_looks_and_nothing_is_left(any_house: House):
    marram, carer, room = await cast(any_house)
    other = await any_house.join("sedge", Role.CLINICIAN)
    elsewhere = await any_house.room("Dunes", (marram, "peer"), (other, "clinician"))
    keeper = await any_house.join("teasel", Role.MODERATOR)
    with pytest.raises(NotFound):
        await look(any_house, carer, room, marram)
    await agree(any_house, marram, None)
    await agree(any_house, marram, room, "mood")
    with pytest.raises(NotFound):
        await look(any_house, carer, room, marram)
    await agree(any_house, marram, room)
    for actor, where in ((other, room), (other, elsewhere), (keeper, room), (marram, room)):
        with pytest.raises(NotFound):
            await look(any_house, actor, where, marram)
    any_house.clock.move(days=7)
    with pytest.raises(NotFound):
        await look(any_house, carer, room, marram)
    assert await any_house.do(lambda work: receipts.of_member(work, marram.id)) == []
