from datetime import UTC, datetime, timedelta

import pytest

from moderation import ladder
from moderation.ladder import Rung
from moderation.urgency import Urgency

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_the_rungs_stand_five_ten_and_fifteen_minutes_after_the_opening():
    due = ladder.rungs_at(NOON, ladder.MINUTES[Urgency.NOW])
    assert due == {
        Rung.AGAIN: NOON + timedelta(minutes=5),
        Rung.CLINICIANS: NOON + timedelta(minutes=10),
        Rung.ON_CALL: NOON + timedelta(minutes=15),
    }


def test_three_rungs_need_three_times():
    with pytest.raises(ValueError, match="shorter"):
        ladder.rungs_at(NOON, (5, 10))


@pytest.mark.parametrize("urgency", Urgency)
def test_people_are_called_only_for_what_is_urgent(urgency):
    assert ladder.climbs(urgency) is (urgency in {Urgency.NOW, Urgency.SOON})


def test_a_later_look_is_one_step_less_urgent():
    assert ladder.look_again_urgency(Urgency.NOW) is Urgency.SOON
    assert ladder.look_again_urgency(Urgency.SOON) is Urgency.ROUTINE


def test_a_person_is_looked_at_again_after_an_hour_and_after_a_day():
    assert ladder.look_again_at(NOON) == [NOON + timedelta(hours=1), NOON + timedelta(days=1)]
