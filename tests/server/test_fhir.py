"""Every bundle is valid FHIR, whole in itself, and says of nobody who they are."""

import copy
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.questionnaire import Questionnaire
from hypothesis import given, settings
from pydantic import ValidationError

from server.ids import new_id
from server.measures import load
from server.services.fhir import bundle, resources
from server.services.fhir.joining import Measures
from server.services.fhir.model import Agreement, Export, Look, Person, Response
from tests.server.exporting.drawn import MOODS, exports

AT = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
KINDS = {
    "Patient", "Questionnaire", "QuestionnaireResponse", "Observation", "Consent", "AuditEvent",
    "Provenance",
}  # fmt: skip


def made(export: Export) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(b"".join(bundle.stream(export)))
    return found


def one(answers: dict[str, int], total: int | None) -> Export:
    response = Response(new_id(), "moods", new_id(), new_id(), AT, answers, total)
    agreement = Agreement("2026-11 en", AT, None)
    looks = (Look(AT, "clinician", exported=False), Look(AT, "clinician", exported=True))
    return Export(AT, "clinician", "0.1.0", (MOODS,), (Person(agreement, (response,), looks),))


def of_kind(found: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    every = (entry["resource"] for entry in found["entry"])
    return [each for each in every if each["resourceType"] == kind]


def values_of(name: str, within: Any) -> Iterator[Any]:
    """Every value under this key, however deep."""
    if isinstance(within, dict):
        for key, value in within.items():
            if key == name:
                yield value
            yield from values_of(name, value)
    if isinstance(within, list):
        for each in within:
            yield from values_of(name, each)


@settings(deadline=None, max_examples=40)
@given(exports())
def test_any_bundle_is_valid_and_every_reference_stays_inside(export: Export) -> None:
    found = made(export)
    Bundle.model_validate(found)
    names = [entry["fullUrl"] for entry in found["entry"]]
    assert len(names) == len(set(names))
    references = [*values_of("reference", found), *values_of("questionnaire", found)]
    assert set(references) <= set(names)
    assert {f"urn:uuid:{entry['resource']['id']}" for entry in found["entry"]} == set(names)


@settings(deadline=None, max_examples=40)
@given(exports())
def test_everybodys_answers_and_nothing_else_are_in_it(export: Export) -> None:
    found = made(export)
    responses = [each for person in export.people for each in person.responses]
    answers = sum(len(each.answers) for each in responses)
    assert len(of_kind(found, "Patient")) == len(of_kind(found, "Consent")) == len(export.people)
    assert len(of_kind(found, "QuestionnaireResponse")) == len(responses)
    assert len(of_kind(found, "Observation")) == answers + len(responses)
    assert len(of_kind(found, "AuditEvent")) == sum(len(each.looks) for each in export.people)
    assert len(of_kind(found, "Questionnaire")) == len({each.measure for each in responses})


def test_the_check_finds_what_is_no_fhir() -> None:
    found = made(one({"1": 3, "2": 0}, 3))
    assert {entry["resource"]["resourceType"] for entry in found["entry"]} == KINDS
    Bundle.model_validate(found)
    for spoil in ({"status": None}, {"subjectively": "fine"}, {"subject": "Ash"}):
        broken = copy.deepcopy(found)
        of_kind(broken, "Observation")[0].update(spoil)
        with pytest.raises(ValidationError):
            Bundle.model_validate(broken)


# Codes that R4 demands from a closed list. The library takes any, so each is compared by hand.
REQUIRED_CODES = {
    ("Questionnaire", "status"): "active",
    ("QuestionnaireResponse", "status"): "completed",
    ("Observation", "status"): "final",
    ("Consent", "status"): "active",
    ("AuditEvent", "action"): "R",
    ("AuditEvent", "outcome"): "0",
}


def test_codes_of_closed_lists_are_in_them() -> None:
    found = made(one({"1": 3, "2": 0}, 3))
    assert found["type"] == "collection"
    for (kind, element), code in REQUIRED_CODES.items():
        assert {each[element] for each in of_kind(found, kind)} == {code}
    assert of_kind(found, "Consent")[0]["provision"]["type"] == "permit"
    assert {item["type"] for item in of_kind(found, "Questionnaire")[0]["item"]} == {"choice"}


def test_codes_and_units_are_those_of_the_measure() -> None:
    found = made(one({"1": 3, "2": 0}, 3))
    first, second, total = of_kind(found, "Observation")
    assert first["code"]["coding"] == [{"system": "http://loinc.org", "code": "44250-9"}]
    assert "coding" not in second["code"], "an item without a code is not given one"
    assert total["code"]["coding"][0]["code"] == "44261-6"
    assert total["valueQuantity"] == {
        "value": 3, "unit": "score", "system": "http://unitsofmeasure.org", "code": "{score}",
    }  # fmt: skip
    assert len(total["hasMember"]) == 2
    [asked] = of_kind(found, "Questionnaire")
    assert asked["code"][0]["code"] == "44249-1"
    assert [option["valueCoding"].get("code") for option in asked["item"][0]["answerOption"]] == [
        "LA6568-5",
        None,
    ]


@pytest.mark.parametrize("measure", ["phq-9", "gad-7"])
def test_a_measure_leaves_word_for_word_with_what_stands_before_its_questions(measure: str) -> None:
    [asked] = [found for found in Measures(load()).definitions() if found.id == measure]
    made = resources.questionnaire(str(new_id()), asked)
    assert (made["language"], made["version"]) == ("en", asked.version)
    stem, *questions = made["item"]
    assert (stem["type"], stem["text"]) == ("display", asked.stem)
    assert stem["text"].startswith("Over the last 2 weeks, how often have you been bothered")
    assert [item["text"] for item in questions] == [item.text for item in asked.items]
    Questionnaire.model_validate(made)


def test_what_was_not_scored_has_no_number() -> None:
    found = made(one({"1": 3}, None))
    *_, total = of_kind(found, "Observation")
    assert "valueQuantity" not in total
    assert total["dataAbsentReason"]["coding"][0]["code"] == "not-performed"
    [answered] = of_kind(found, "QuestionnaireResponse")
    assert [item["linkId"] for item in answered["item"]] == ["1"]


def test_no_id_of_the_place_leaves_and_two_exports_share_none() -> None:
    export = one({"1": 3, "2": 0}, 3)
    [response] = export.people[0].responses
    first, second = json.dumps(made(export)), json.dumps(made(export))
    for ours in (response.id, response.member, response.room):
        assert str(ours) not in first
    ids = [
        set(re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", each))
        for each in (first, second)
    ]
    assert len(ids[0]) > 5
    assert not ids[0] & ids[1]


def test_whoever_looked_is_there_by_role_alone() -> None:
    found = made(one({"1": 3}, 3))
    looks = of_kind(found, "AuditEvent")
    assert [each["type"]["display"] for each in looks] == ["Patient Record", "Export"]
    for each in looks:
        assert each["agent"] == [{"role": [{"text": "clinician"}], "requestor": True}]
    [where_from] = of_kind(found, "Provenance")
    assert [agent["who"] for agent in where_from["agent"]] == [
        {"display": "A clinician of the group"},
        {"display": "Hearth 0.1.0"},
    ]
    assert len(where_from["target"]) == len(found["entry"]) - 1


# Elements of a bundle of ours, each compared by hand with R4 4.0.1 (decision 28).
R4_ELEMENTS = {
    "Patient": {"resourceType", "id", "meta"},
    "Questionnaire": {
        "resourceType", "id", "url", "title", "status", "subjectType", "copyright", "code", "item",
    },
    "QuestionnaireResponse": {
        "resourceType", "id", "questionnaire", "status", "subject", "authored", "source", "item",
    },
    "Observation": {
        "resourceType", "id", "status", "category", "code", "subject", "effectiveDateTime",
        "performer", "derivedFrom", "valueCodeableConcept", "valueQuantity", "dataAbsentReason",
        "hasMember",
    },
    "Consent": {
        "resourceType", "id", "status", "scope", "category", "patient", "dateTime", "performer",
        "policyRule", "provision",
    },
    "AuditEvent": {
        "resourceType", "id", "type", "action", "recorded", "outcome", "purposeOfEvent", "agent",
        "source", "entity",
    },
    "Provenance": {
        "resourceType", "id", "target", "recorded", "reason", "activity", "agent",
    },
}  # fmt: skip


@settings(deadline=None, max_examples=30)
@given(exports())
def test_no_element_is_used_that_was_not_compared_with_r4(export: Export) -> None:
    for entry in made(export)["entry"]:
        resource = entry["resource"]
        assert set(resource) <= R4_ELEMENTS[resource["resourceType"]]
        extensions = {"valueDecimal", "url"}
        for each in values_of("extension", resource):
            assert set(each[0]) == extensions
