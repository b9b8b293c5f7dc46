"""Medicine taken as it should be.

The model has learnt how people write who have just taken an overdose, and reads "took my meds today"
as one. This rule finds clauses that only tell of an ordinary dose, so that danger is read from the rest.

It is careful in the other direction: where more than a dose is told of, or anything else in the text
sounds of a farewell, of the body giving way or of drink, or where the lexicon knows a phrase of danger,
nothing is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from moderation.normalise import Normal
from moderation.targets import clauses

_NAMES = (
    "lexapro|escitalopram|zoloft|sertraline|prozac|fluoxetine|celexa|citalopram|paxil|paroxetine|effexor|"
    "venlafaxine|cymbalta|duloxetine|wellbutrin|bupropion|mirtazapine|remeron|trazodone|lithium|lamictal|"
    "lamotrigine|seroquel|quetiapine|abilify|aripiprazole|olanzapine|risperidone|buspar|buspirone|"
    "propranolol|hydroxyzine|xanax|ativan|lorazepam|valium|diazepam|klonopin|clonazepam|adderall|ritalin|"
    "concerta|vyvanse|strattera|melatonin|metformin|levothyroxine|omeprazole|prednisone|amoxicillin|"
    "ibuprofen|advil|motrin|nurofen|tylenol|paracetamol|panadol|acetaminophen|aspirin|aleve|naproxen|"
    "benadryl|ssris?|snris?|antidepressants?|anti depressants?|antibiotics?|antihistamines?|vitamins?|"
    "painkillers?|birth control"
)
_MEDICINE = re.compile(
    rf"\b(?:{_NAMES}|meds?|medication|medications|medicines?|pills?|tablets?|capsules?|dose|prescription)\b"
)
_TAKING = re.compile(
    r"\b(?:took|take|takes|taken|taking|had|have|on|swallowed|start|started|starting|skip|skipped|miss|"
    r"missed|forgot|remembered|day \d+ (?:of|on)|increased|upped|raised|lowered|changed|switched|"
    r"prescribed|gave|gives)\b"
)
_ORDINARY = re.compile(
    r"\b(?:"
    r"(?:as|like) (?:prescribed|directed|usual|always|told)"
    r"|with (?:my |some |a )?(?:breakfast|lunch|dinner|food)"
    r"|(?:every|each) (?:morning|night|day|evening)|daily|(?:a|per|once a|twice a) day|day \d+|"
    r"for (?:the night|\d+ (?:days|weeks|months|years))"
    r"|before (?:bed|work|school|the flight|my flight|breakfast)"
    r"|for (?:my |the |a )?(?:[a-z]+ )?(?:headaches?|migraines?|cramps?|back|knee|tooth|toothache|fever|"
    r"flu|cold|allerg(?:y|ies)|thyroid|anxiety|flight|period|infection|adhd|bipolar|blood pressure|"
    r"asthma|diabetes|sore throat|hay fever)"
    r"|(?:doctor|dr|gp|psychiatrist|psych|nurse|pharmacist) (?:just |has )?(?:gave|gives|put|upped|raised|"
    r"increased|lowered|changed|switched|prescribed|started)"
    r"|(?:an?|one|two|half an?|1|2|my (?:first|daily|morning|night|nightly|evening|usual|anxiety|"
    r"thyroid|heart|allergy)|the (?:first|last)) "
    rf"(?:[a-z]+ )?(?:{_NAMES}|meds?|pills?|tablets?|capsules?|dose)"
    rf"|my (?:{_NAMES}|meds?|medication|medicine|sleeping (?:pill|tablet))"
    r"|my (?:pills?|tablets?) (?:today|yesterday|late|on time|this morning|in the morning|at night)"
    r")\b"
)
_MORE_THAN_A_DOSE = re.compile(
    r"\b(?:(?<!night )(?<!you )all|every (?:single|last)|everything|everybody|everyone|else|tomorrow|"
    r"whole|entire|rest of|bottles?|box|boxes|packs?|packets?|blisters?|strips?|handfuls?|fistfuls?|"
    r"bunch|lots?|loads?|many|much|extra|double|triple|more|again|too|stash|saved|stockpil\w+|hoard\w*|"
    r"overdos\w+|od|oded|three|four|five|six|seven|eight|nine|ten|twenty|thirty|forty|fifty|hundred|"
    r"dozens?|\d{4,} ?mg|"
    r"(?<!day )(?:[3-9]|\d{2,})(?! ?(?:mg|days?|weeks?|months?|years?|am|pm|hours?|minutes?|th|st|nd|rd)\b)"
    r"(?! (?:[a-z]+ )?(?:a|per|each|every) (?:day|night|morning)\b))\b"
)
_MAY_BE_MORE = re.compile(
    r"\b(?:sorry|goodbye|good bye|bye|farewell|forgive|love you|tell (?:my|them|him|her|everyone)|"
    r"die|died|dies|dying|dead|death|kill\w*|suicid\w*|unalive\w*|kms|end|ending|over|never|wake|peace\w*|"
    r"forever|drows\w+|sleepy|dizzy|numb|blurry|fading|heavy|slipping|vodka|whisk\w+|wine|beer|alcohol|"
    r"drunk|drink|drinking|booze|liquor|lethal|enough|hope|wish|scared|afraid|ambulance|er|999|911|988|"
    r"blood|bleeding|cut|cutting|nobody|no one|alone|note|letter|plan|bridge|rope|gun|hurt|harm|burden|"
    r"pointless|anymore|any more|finally|done|crisis|hospital|stomach|accident\w*|mistake|help|advice|"
    r"vomit\w*|throw\w* up|what happens|what will|how long|should i|safe|weird|funny)\b"
)
_THE_SAME = re.compile(rf"{_TAKING.pattern}(?: [a-z]+)? (?:it|them|one)\b")


def without_ordinary_medicine(normal: Normal) -> Normal:
    """The text without clauses that only tell of an ordinary dose. Offsets lead to the original.

    normal: folded, apostrophes kept or not; as it was where it tells of more.
    """
    text = normal.text
    if not _MEDICINE.search(text) or _MORE_THAN_A_DOSE.search(text) or _MAY_BE_MORE.search(text):
        return normal
    return normal.without(_ordinary(text))


def _ordinary(text: str) -> Iterator[tuple[int, int]]:
    """ "... and took it with food" goes with a clause just before it."""
    before = False
    for start, end in clauses(text):
        clause = text[start:end]
        told = all(part.search(clause) for part in (_MEDICINE, _TAKING, _ORDINARY))
        before = told or (before and bool(_THE_SAME.search(clause)))
        if before:
            yield start, end
