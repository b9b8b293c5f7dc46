"""Medicine taken as it should be.

The model has learnt how people write who have just taken an overdose, and reads "took my meds today"
as one. A message that tells of an ordinary dose, and of nothing else, is not read for danger.

Every word must be known here: what else is said, and in how few words an overdose can be told, no list
could hold. So "took my meds and locked the door" is read whole, and in doubt it is an alarm.
"""

from __future__ import annotations

import re
from typing import Final

_NAMES: Final = (
    "lexapro|escitalopram|zoloft|sertraline|prozac|fluoxetine|celexa|citalopram|paxil|paroxetine|effexor|"
    "venlafaxine|cymbalta|duloxetine|wellbutrin|bupropion|mirtazapine|remeron|trazodone|lithium|lamictal|"
    "lamotrigine|seroquel|quetiapine|abilify|aripiprazole|olanzapine|risperidone|buspar|buspirone|"
    "propranolol|hydroxyzine|xanax|ativan|lorazepam|valium|diazepam|klonopin|clonazepam|adderall|ritalin|"
    "concerta|vyvanse|strattera|melatonin|metformin|levothyroxine|omeprazole|prednisone|amoxicillin|"
    "ibuprofen|advil|motrin|nurofen|tylenol|paracetamol|panadol|acetaminophen|aspirin|aleve|naproxen|"
    "benadryl|antidepressant|antidepressants|antibiotic|antibiotics|antihistamine|vitamin|vitamins"
)
_MEDICINE: Final = re.compile(
    rf"\b(?:{_NAMES}|meds?|medication|medicine|pills?|tablets?|capsules?|dose)\b"
)
_TAKING: Final = re.compile(
    r"\b(?:took|take|takes|taken|taking|had|have|on|started|starting|missed|skipped|forgot|upped|"
    r"raised|lowered|changed|switched|prescribed|gave)\b"
)
_ORDINARY: Final = re.compile(
    r"\b(?:as (?:prescribed|directed|usual|always|told)|with (?:my |some )?(?:breakfast|lunch|dinner|food)"
    r"|(?:every|each) (?:morning|night|day|evening)|daily|(?:a|per|once a|twice a) day|day \d+|"
    r"for (?:the night|\d+ (?:days|weeks|months|years))|before (?:bed|work|school|breakfast)|"
    r"for (?:my |the |a )?(?:headache|migraine|cramps|back|knee|tooth|toothache|fever|flu|cold|allergies|"
    r"thyroid|period|infection|adhd|asthma|diabetes)"
    r"|(?:doctor|gp|psychiatrist|nurse) (?:upped|raised|lowered|changed|switched|prescribed|gave)"
    rf"|(?:an?|one|two|1|2) (?:{_NAMES}|pills?|tablets?|capsules?|dose)"
    rf"|my (?:(?:morning|evening|night|daily|anxiety|thyroid|allergy|heart) )?(?:{_NAMES}|meds?|"
    r"medication|medicine|(?:sleeping )?pill|tablet|dose)"
    r"|my (?:pills|tablets) (?:today|yesterday|late|on time|this morning|this evening))\b"
)
_KNOWN: Final = frozenset(
    "i ive im ill we he she has have had having just also been am was is it its and a an the of for to at on in "
    "with as some took take takes taken taking started starting missed skipped forgot upped raised lowered "
    "changed switched prescribed gave me my mine them then now day days week weeks month months year years "
    "today yesterday morning evening night daily every each per late time before bed work "
    "school breakfast lunch dinner food usual always told directed headache migraine cramps back knee tooth "
    "toothache fever flu cold allergies allergy thyroid period infection adhd asthma diabetes anxiety heart "
    "sleeping one two doctor gp psychiatrist nurse mg hello hi hey feeling fine ok okay better "
    "well lol this".split()
)
_SAID_TOGETHER: Final = re.compile(
    r"\b(?:(?:good )?(?:night|morning|evening) (?:all|everyone)|(?:hi|hello|hey) (?:all|everyone)|"
    r"good (?:night|morning|evening)|(?:once|twice) (?:a|per) day)\b"
)
_NUMBER: Final = re.compile(
    r"(?:(?<=\bday )\d{1,3}|\b[12]|\b3(?= (?:pills|tablets|capsules|times) a day)|"
    r"\b\d{1,3}(?= ?mg\b)|\b\d{1,2}(?= (?:days|weeks|months|years)\b))\b"
)
_WORD: Final = re.compile(r"[^\W_]+")


def is_ordinary_medicine(text: str) -> bool:
    """Whether a folded text without apostrophes tells of an ordinary dose, and of nothing else."""
    if not all(part.search(text) for part in (_MEDICINE, _TAKING, _ORDINARY)):
        return False
    for known in (_NUMBER, _SAID_TOGETHER, _MEDICINE):
        text = known.sub(" ", text)
    return all(word in _KNOWN for word in _WORD.findall(text))
