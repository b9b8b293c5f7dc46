import json

from hypothesis import given
from hypothesis import strategies as st

from moderation.classifier import Assessment, Span

names = st.text(min_size=1, max_size=8)
assessments = st.builds(
    Assessment,
    assessed=st.booleans(),
    model=names,
    language=st.none() | names,
    signals=st.dictionaries(names, st.floats(0, 6)),
    levels=st.dictionaries(names, st.lists(st.floats(0, 1), max_size=7).map(tuple)),
    spans=st.lists(st.builds(Span, names, st.integers(0, 9), st.integers(0, 9))).map(tuple),
    why_not=st.none() | names,
)


@given(assessments)
def test_a_stored_assessment_comes_back_as_it_was(assessment):
    stored = json.loads(json.dumps(assessment.to_json()))
    assert Assessment.from_json(stored) == assessment


def test_what_nobody_read_says_why_and_claims_nothing():
    late = Assessment.not_assessed("late", model="m")
    assert (late.assessed, late.why_not, dict(late.signals)) == (False, "late", {})
