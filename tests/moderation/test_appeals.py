from datetime import UTC, datetime, timedelta
from uuid import UUID

from moderation.appeals import APPEAL_WINDOW, may_appeal, may_judge

ACTED = datetime(2026, 10, 1, tzinfo=UTC)
AMINA = UUID("01890000-0000-7000-8000-00000000000a")
BEN = UUID("01890000-0000-7000-8000-00000000000b")


def test_an_author_may_ask_again_for_thirty_days_and_not_a_moment_longer():
    assert timedelta(days=30) == APPEAL_WINDOW
    assert may_appeal(ACTED, ACTED + APPEAL_WINDOW)
    assert not may_appeal(ACTED, ACTED + APPEAL_WINDOW + timedelta(microseconds=1))
    assert not may_appeal(ACTED, ACTED - timedelta(seconds=1))


def test_nobody_judges_the_appeal_of_their_own_decision():
    assert not may_judge(AMINA, AMINA)
    assert not may_judge(AMINA, str(AMINA).upper())
    assert may_judge(AMINA, BEN)
