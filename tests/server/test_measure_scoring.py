"""Scoring by the published rules: every edge of every range, known sums, and what is missing."""

from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.urgency import Urgency
from server.cli import main
from server.measures import BadMeasureError, Definition, load, read
from server.measures.scoring import OffTrack, band, change, off_track, total, urgency

KNOWN = load().definitions
PHQ, GAD = KNOWN["phq-9"], KNOWN["gad-7"]
PHQ_TEXT = (Path(__file__).parents[2] / "server/measures/phq-9.toml").read_text(encoding="utf-8")

# The ranges as their authors printed them: Kroenke and others 2001; Spitzer and others 2006.
RANGES = {
    "phq-9": [
        (0, 4, "minimal"), (5, 9, "mild"), (10, 14, "moderate"), (15, 19, "moderately severe"),
        (20, 27, "severe"),
    ],
    "gad-7": [(0, 4, "minimal"), (5, 9, "mild"), (10, 14, "moderate"), (15, 21, "severe")],
}  # fmt: skip


def answered(definition: Definition, values: list[int]) -> dict[str, int]:
    return {item.link_id: value for item, value in zip(definition.items, values, strict=False)}


@pytest.mark.parametrize("measure", RANGES)
def test_each_total_lies_in_the_range_that_its_authors_give_it(measure: str):
    definition = KNOWN[measure]
    told = [
        (points, name) for low, high, name in RANGES[measure] for points in range(low, high + 1)
    ]
    assert [points for points, _ in told] == list(range(definition.highest + 1))
    for points, name in told:
        assert band(definition, points).name == name
    for points in (-1, definition.highest + 1):
        with pytest.raises(ValueError, match="no such total"):
            band(definition, points)


@pytest.mark.parametrize(
    ("definition", "values", "points"),
    [
        (PHQ, [0] * 9, 0),
        (PHQ, [3] * 9, 27),
        (PHQ, [1, 0, 3, 2, 1, 0, 1, 0, 0], 8),
        (PHQ, [2, 2, 1, 3, 1, 2, 1, 0, 2], 14),
        (GAD, [0] * 7, 0),
        (GAD, [3] * 7, 21),
        (GAD, [1, 2, 3, 0, 1, 2, 3], 12),
    ],
)
def test_known_sums(definition: Definition, values: list[int], points: int):
    assert total(definition, answered(definition, values)) == points


@given(st.sampled_from([PHQ, GAD]), st.data())
def test_a_total_is_the_sum_and_one_answer_more_or_less_is_one_point(
    definition: Definition, data: st.DataObject
):
    count = len(definition.items)
    values = data.draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))
    answers = answered(definition, values)
    points = total(definition, answers)
    assert points == sum(values)
    number = data.draw(st.integers(0, count - 1))
    link = definition.items[number].link_id
    if values[number] < 3:
        assert total(definition, {**answers, link: values[number] + 1}) == points + 1
    missing = {key: value for key, value in answers.items() if key != link}
    assert total(definition, missing) is None, "nothing is made up for a missing answer"


def test_what_the_questionnaire_does_not_have_is_refused():
    for wrong in ({"phq9-1": 4}, {"phq9-1": -1}, {"phq9-10": 1}):
        with pytest.raises(ValueError, match="no such"):
            total(PHQ, wrong)


def test_the_last_question_alone_says_how_soon_a_person_comes():
    expected = [Urgency.NONE, Urgency.SOON, Urgency.NOW, Urgency.NOW]
    assert [urgency(PHQ, {"phq9-9": value}) for value in range(4)] == expected
    grave = {f"phq9-{number}": 3 for number in range(1, 9)}
    assert urgency(PHQ, grave) is Urgency.NONE
    assert urgency(GAD, answered(GAD, [3] * 7)) is Urgency.NONE


def test_a_change_counts_from_the_point_where_it_is_more_than_the_error():
    # Jacobson and Truax: 1.96 x sd x sqrt(2 (1 - r)), by hand: 5.06 and 3.53.
    assert PHQ.reliable_change
    assert GAD.reliable_change
    assert PHQ.reliable_change.index == pytest.approx(5.056, abs=0.001)
    assert GAD.reliable_change.index == pytest.approx(3.528, abs=0.001)
    assert [change(PHQ, 12, after) for after in (6, 7, 17, 18)] == [
        "better",
        "none",
        "none",
        "worse",
    ]
    assert [change(GAD, 12, after) for after in (8, 9, 15, 16)] == [
        "better",
        "none",
        "none",
        "worse",
    ]


@given(st.integers(0, 27), st.integers(0, 27))
def test_better_one_way_is_worse_the_other(before: int, after: int):
    turned = {"better": "worse", "worse": "better", "none": "none"}
    assert change(PHQ, after, before) == turned[str(change(PHQ, before, after))]


def test_a_course_is_off_track_when_it_worsens_or_stays_high_for_long():
    def reason(*totals: int) -> str | None:
        found = off_track(PHQ, totals)
        return found.reason if found else None

    assert reason() is None
    assert reason(27) is None, "one total is no course"
    assert reason(8, 13) is None
    assert reason(8, 14) == "worse"
    assert reason(20, 5, 10) is None, "no more than the error"
    assert reason(20, 5, 12) == "worse_again", (
        "it had been better, and is less so by more than the error"
    )
    assert off_track(PHQ, (20, 5, 12)) == OffTrack("worse_again", 5, 12, 3)
    assert reason(15, 15, 15) is None, "not yet long enough"
    assert reason(15, 15, 15, 14) == "no_better"
    assert reason(15, 15, 15, 9) is None, "a reliable change for the better"
    assert reason(12, 12, 12, 9) is None, "no longer high"


def test_every_question_and_answer_has_its_own_code_and_no_total_is_out_of_reach():
    for definition in (PHQ, GAD):
        codes = [item.loinc for item in definition.items] + [
            definition.loinc_panel,
            definition.loinc_total,
        ]
        assert all(codes)
        assert len(set(codes)) == len(codes)
        assert [option.value for option in definition.options] == [0, 1, 2, 3]
    assert all(a != b for a, b in product([PHQ.loinc_total], [GAD.loinc_total]))


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ('publication = "Kroenke', 'publication = ""\nx = "', "x: not known"),
        ('source = "The publication', 'source = " "\n#', "source"),
        ("[danger]", "[peril]", "peril: not known"),
        ('link_id = "phq9-9"\nurgency', 'link_id = "phq9-0"\nurgency', "there is no such question"),
        ('language = "en"', 'language = "de"', "validated"),
        ("lowest = 0,", "lowest = 1,", "begin at 0"),
        ("value = 3,", "value = 4,", "count 0, 1, 2"),
        ("reliability = 0.89", "reliability = 1.2", "reliability between 0 and 1"),
        ('unknown = "It', 'unknown = ""\n#', "what it does not know"),
        ('language = "en"', f"language = {'[' * 5_000}", "not TOML"),
    ],
)  # fmt: skip
def test_a_file_without_source_or_sense_is_refused(before: str, after: str, why: str):
    assert read(PHQ_TEXT) == PHQ
    assert before in PHQ_TEXT
    with pytest.raises(BadMeasureError, match=why):
        read(PHQ_TEXT.replace(before, after))


def test_the_stewards_own_files_are_added_and_a_bad_one_is_left_out_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("HEARTH_DATA_DIR", str(tmp_path))
    folder = tmp_path / "measures"
    folder.mkdir()
    (folder / "own.toml").write_text(
        PHQ_TEXT.replace('id = "phq-9"', 'id = "own-9"'), encoding="utf-8"
    )
    assert main(["measures", "check"]) == 0
    (folder / "same.toml").write_text(PHQ_TEXT, encoding="utf-8")
    (folder / "bad.toml").write_text("id = 3", encoding="utf-8")
    (folder / "offers.toml").write_text(
        '[[offer]]\ntitle = "Tea"\nwords = "A cup."', encoding="utf-8"
    )
    catalogue = load(folder)
    assert list(catalogue.definitions) == ["gad-7", "phq-9", "own-9"]
    assert catalogue.definitions["phq-9"] == PHQ, "a bundled one is never replaced"
    assert [offer.title for offer in catalogue.offers] == ["Tea"]
    assert [problem.split(":")[0] for problem in catalogue.problems] == ["bad.toml", "same.toml"]
    assert main(["measures", "check"]) == 1
    assert main(["measures", "list"]) == 1
    said = capsys.readouterr()
    assert "own-9" in said.out
    assert "same.toml: there is a phq-9 already" in said.err
    assert main(["measures", "check", str(folder / "bad.toml")]) == 1
    assert main(["measures", "check", str(folder / "own.toml")]) == 0
