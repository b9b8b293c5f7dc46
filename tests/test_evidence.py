"""The evidence names only commands that are there, has each row once, and its page says what it says."""

import pytest
from pydantic import ValidationError

from tests.evidence.page import PAGE, page
from tests.evidence.rows import COUNTS, Row, absent, read

HERE = "tests/test_evidence.py"


def test_every_command_is_there() -> None:
    gone = [f"{row.id}: {one}: {why}" for row in read() for one in row.by if (why := absent(one))]
    assert gone == []


def test_every_row_of_the_matrix_stands_there_once() -> None:
    wanted = [f"{letter}{n}" for letter, most in COUNTS.items() for n in range(1, most + 1)]
    assert [row.id for row in read()] == wanted


def test_the_page_is_made_from_the_data() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(read()), "run: python -m tests.evidence"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("bench", None),
        ("drill kill9", None),
        ("drill kill10", "no such drill"),
        (f"{HERE}::test_every_command_is_there", None),
        (f"{HERE}::test_of_nothing", "no such test"),
        ("tests/nowhere.py::test_of_nothing", "no such file"),
    ],
)
def test_a_command_that_is_not_there_is_found(command: str, why: str | None) -> None:
    assert absent(command) == why


@pytest.mark.parametrize(
    "claimed",
    [
        {"state": "covered"},
        {"state": "covered", "by": ["bench"]},
        {"state": "partly", "by": ["bench"], "figure": "50 ms", "on": "2026-11-26", "size": "full"},
        {"state": "not covered"},
        {"state": "in work"},
    ],
)
def test_no_row_claims_more_than_it_shows(claimed: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Row.model_validate({"id": "A1", "what": "A fault"} | claimed)
