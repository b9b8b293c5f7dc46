"""What a clinician confirms."""

import pytest

from server.access import Role
from server.errors import NotAllowed, Stale
from server.protocol import bodies
from server.services import policy
from server.store.place import get_place
from tests.server.store_fixture import House


async def test_a_clinician_confirms_exactly_what_judges_now(any_house: House) -> None:
    linden = await any_house.join("linden", Role.CLINICIAN)
    marram = await any_house.join("marram")
    text = await any_house.do(lambda work: policy.read_policy(work, linden))
    assert text.reviewed_at is None
    assert "[hold]" in text.texts["policy.toml"]
    old = bodies.PolicyReview(edition="an older one")
    with pytest.raises(Stale):
        await any_house.do(lambda work: policy.confirm(work, linden, old))
    now = bodies.PolicyReview(edition=text.edition)
    with pytest.raises(NotAllowed):
        await any_house.do(lambda work: policy.confirm(work, marram, now))
    await any_house.do(lambda work: policy.confirm(work, linden, now))
    place = await any_house.do(get_place)
    assert await any_house.do(lambda work: policy.is_reviewed(work, place))
    place.policy_reviewed = "the edition before a threshold was changed"
    assert not await any_house.do(lambda work: policy.is_reviewed(work, place))
