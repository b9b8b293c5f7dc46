"""FHIR R4 resources as plain dicts: only elements that R4 and R4B have alike (decision 28).

Source: HL7 FHIR R4 (4.0.1), https://hl7.org/fhir/R4/. References are `urn:uuid:` and stay in the bundle.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from server.measures.model import Item, Option
from server.services.fhir.model import Agreement, Definition, Look, Response

Resource = dict[str, Any]

LOINC: Final = "http://loinc.org"
UCUM: Final = "http://unitsofmeasure.org"
_TERMS: Final = "http://terminology.hl7.org/CodeSystem/"
_ORDINAL: Final = "http://hl7.org/fhir/StructureDefinition/ordinalValue"
_SCORE: Final = "{score}"
"""UCUM has no unit for a score; braces hold an annotation, and the unit is 1."""
_SURVEY: Final = [{"coding": [{"system": f"{_TERMS}observation-category", "code": "survey"}]}]
_TREATMENT: Final = [{"coding": [{"system": f"{_TERMS}v3-ActReason", "code": "TREAT"}]}]
_PSEUDONYMOUS: Final = {
    "system": f"{_TERMS}v3-ObservationValue", "code": "PSEUDED", "display": "pseudonymized",
}  # fmt: skip


def urn(id: str) -> str:
    """How one resource of a bundle names another."""
    return f"urn:uuid:{id}"


def patient(id: str) -> Resource:
    """Somebody. The id is made for one export, so that two exports cannot be laid side by side."""
    return {"resourceType": "Patient", "id": id, "meta": {"security": [_PSEUDONYMOUS]}}


def questionnaire(id: str, definition: Definition) -> Resource:
    """A measure, word for word, with the source that it is taken from."""
    return {
        "resourceType": "Questionnaire",
        "id": id,
        **_some("language", definition.language),
        "url": urn(id),
        **_some("version", definition.version),
        "title": definition.title,
        "status": "active",
        "subjectType": ["Patient"],
        "copyright": definition.source,
        **_codes("code", definition.loinc_panel),
        "item": [
            *(
                [{"linkId": "stem", "text": definition.stem, "type": "display"}]
                if definition.stem
                else []
            ),
            *(_question(item, definition.options) for item in definition.items),
        ],
    }


def questionnaire_response(
    id: str, subject: str, asked: str, definition: Definition, response: Response
) -> Resource:
    """What was answered. A question that was left out is left out here. asked: the questionnaire's id."""
    return {
        "resourceType": "QuestionnaireResponse",
        "id": id,
        "questionnaire": urn(asked),
        "status": "completed",
        "subject": _to(subject),
        "authored": _time(response.at),
        "source": _to(subject),
        **_some(
            "item",
            [
                {
                    "linkId": item.link_id,
                    "text": item.text,
                    "answer": [
                        {"valueCoding": _answer(definition.option(response.answers[item.link_id]))}
                    ],
                }
                for item in definition.items
                if item.link_id in response.answers
            ],
        ),
    }


def item_observation(
    id: str, subject: str, derived_from: str, item: Item, chosen: Option, at: datetime
) -> Resource:
    """The answer to one question."""
    return {
        **_observation(id, subject, derived_from, _coded(item.loinc, item.text), at),
        "valueCodeableConcept": {"coding": [_answer(chosen)], "text": chosen.text},
    }


def total_observation(
    id: str,
    subject: str,
    derived_from: str,
    definition: Definition,
    response: Response,
    members: Sequence[str],
) -> Resource:
    """The score, or that there is none. members: ids of the observations of its items."""
    code = _coded(definition.loinc_total, f"{definition.title}: total score")
    return {
        **_observation(id, subject, derived_from, code, response.at),
        **_score(response.total),
        **_some("hasMember", [_to(member) for member in members]),
    }


def consent(id: str, subject: str, agreement: Agreement) -> Resource:
    """What the member agreed to, in which words, and until when."""
    return {
        "resourceType": "Consent",
        "id": id,
        "status": "active",
        "scope": {"coding": [{"system": f"{_TERMS}consentscope", "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": f"{_TERMS}v3-ActCode", "code": "INFA"}]}],
        "patient": _to(subject),
        "dateTime": _time(agreement.given_at),
        "performer": [_to(subject)],
        "policyRule": {
            "coding": [{"system": f"{_TERMS}v3-ActCode", "code": "OPTIN"}],
            "text": f"Hearth, scope measures, words {agreement.wording}",
        },
        "provision": {
            "type": "permit",
            "period": {
                "start": _time(agreement.given_at),
                **({"end": _time(agreement.until)} if agreement.until else {}),
            },
            "purpose": [_TREATMENT[0]["coding"][0]],
            "code": [{"text": "Measures: answers and scores, for the clinicians of one group"}],
        },
    }


def audit_event(id: str, subject: str, look: Look) -> Resource:
    """One look at these answers. Whoever looked is here by role alone."""
    code, said = ("110106", "Export") if look.exported else ("110110", "Patient Record")
    dicom = "http://dicom.nema.org/resources/ontology/DCM"
    return {
        "resourceType": "AuditEvent",
        "id": id,
        "type": {"system": dicom, "code": code, "display": said},
        "action": "R",
        "recorded": _instant(look.at),
        "outcome": "0",
        "purposeOfEvent": _TREATMENT,
        "agent": [{"role": [{"text": look.role}], "requestor": True}],
        "source": {"observer": {"display": "Hearth"}},
        "entity": [{"what": _to(subject), "description": "measures"}],
    }


def provenance(id: str, targets: Sequence[str], at: datetime, role: str, version: str) -> Resource:
    """Where all of it comes from: which software, and who exported it, by role."""
    kinds = f"{_TERMS}provenance-participant-type"
    return {
        "resourceType": "Provenance",
        "id": id,
        "target": [_to(target) for target in targets],
        "recorded": _instant(at),
        "reason": _TREATMENT,
        "activity": {"text": "Export of measures under the consent of each member"},
        "agent": [
            {
                "type": {"coding": [{"system": kinds, "code": "performer"}]},
                "role": [{"text": role}],
                "who": {"display": f"A {role} of the group"},
            },
            {
                "type": {"coding": [{"system": kinds, "code": "assembler"}]},
                "who": {"display": f"Hearth {version}"},
            },
        ],
    }


def _observation(
    id: str, subject: str, derived_from: str, code: Resource, at: datetime
) -> Resource:
    return {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "category": _SURVEY,
        "code": code,
        "subject": _to(subject),
        "effectiveDateTime": _time(at),
        "performer": [_to(subject)],
        "derivedFrom": [_to(derived_from)],
    }


def _score(total: int | None) -> Resource:
    if total is None:
        absent = {"system": f"{_TERMS}data-absent-reason", "code": "not-performed"}
        return {"dataAbsentReason": {"coding": [absent], "text": "Not scored"}}
    return {
        "valueQuantity": {"value": total, "unit": "score", "system": UCUM, "code": _SCORE},
    }


def _question(item: Item, options: Sequence[Option]) -> Resource:
    return {
        "linkId": item.link_id,
        **_codes("code", item.loinc),
        "text": item.text,
        "type": "choice",
        "answerOption": [{"valueCoding": _answer(option)} for option in options],
    }


def _answer(option: Option) -> Resource:
    return {
        "extension": [{"url": _ORDINAL, "valueDecimal": option.value}],
        **({"system": LOINC, "code": option.loinc} if option.loinc else {}),
        "display": option.text,
    }


def _coded(loinc: str | None, text: str) -> Resource:
    return {**_codes("coding", loinc), "text": text}


def _codes(name: str, loinc: str | None) -> Resource:
    return {name: [{"system": LOINC, "code": loinc}]} if loinc else {}


def _some(name: str, found: Any) -> Resource:
    """FHIR knows no empty lists, and no empty words."""
    return {name: found} if found else {}


def _to(id: str) -> Resource:
    return {"reference": urn(id)}


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")
