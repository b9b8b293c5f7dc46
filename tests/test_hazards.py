"""The hazard log names only tests that are there, and its page says what it says."""

from pathlib import Path

import pytest

from tests.hazards.log import OWNERS, rating, read
from tests.hazards.page import PAGE, with_table
from tests.hazards.proof import missing

HERE = "tests/test_hazards.py"


def test_every_control_is_proved_by_tests_that_are_there() -> None:
    unproved = [
        f"{hazard.id}: {test}: {why}"
        for hazard in read()
        for control in hazard.controls
        for test in control.tests
        if (why := missing(test))
    ]
    assert unproved == []


def test_there_are_enough_hazards_each_with_its_own_number_and_owner() -> None:
    hazards = read()
    ids = [hazard.id for hazard in hazards]
    assert len(ids) >= 30
    assert ids == [f"H{number:02}" for number in range(1, len(ids) + 1)]
    assert {hazard.owner for hazard in hazards} <= OWNERS


def test_no_control_makes_a_hazard_worse_and_what_stays_is_said() -> None:
    for hazard in read():
        left = hazard.residual
        assert left.severity <= hazard.severity, hazard.id
        assert left.likelihood <= hazard.likelihood, hazard.id
        if left.likelihood > 1:
            assert hazard.open, f"{hazard.id} is left possible, and nothing says how"


def test_the_page_shows_the_log_as_it_is() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_table(page, read()), "run: python -m tests.hazards"
    for hazard in read():
        if rating(hazard.residual.severity, hazard.residual.likelihood) > 3:
            assert f"**{hazard.id}**" in page, "what is not acceptable yet is named in words"


@pytest.mark.parametrize(
    ("severity", "likelihood", "risk"),
    [(1, 1, 1), (5, 1, 3), (1, 5, 3), (4, 3, 3), (5, 2, 4), (4, 4, 4), (5, 4, 5), (3, 3, 3)],
)
def test_risk_is_read_from_the_matrix(severity: int, likelihood: int, risk: int) -> None:
    assert rating(severity, likelihood) == risk


@pytest.mark.parametrize(
    ("test", "why"),
    [
        (f"{HERE}::test_risk_is_read_from_the_matrix", None),
        (f"{HERE}::test_that_nobody_wrote", "no such test"),
        ("tests/test_nothing.py::test_any", "no such file"),
        (HERE, "no such file"),
        ("tests/drills/retry.py::run", None),
        ("tests/drills/retry.py::ran", "no such drill"),
        ("tests/hazards/log.py::read", "no test"),
        ("web/src/lib/api/server-clock.test.ts::a clock that stands", "no test of that title"),
    ],
)
def test_what_is_not_there_proves_nothing(test: str, why: str | None) -> None:
    assert missing(test) == why


def test_a_test_that_is_skipped_proves_nothing(tmp_path: Path) -> None:
    made = "import pytest\n\n\n@pytest.mark.skip(reason='later')\ndef test_later():\n    pass\n"
    (tmp_path / "test_made.py").write_text(made)
    assert missing("test_made.py::test_later", tmp_path) == "it is skipped"
    assert missing("test_made.py::test_never", tmp_path) == "no such test"
