"""Help lines are facts about other people's telephones: each must say where it comes from."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from server.help_lines import BadHelpLineError, HelpLine, is_old, link, load
from server.help_lines.reading import is_dialable, read

COUNTRIES = load()
LINES = [line for country in COUNTRIES.values() for line in country.lines]
EMERGENCY = [number for country in COUNTRIES.values() for number in country.emergency]
SOURCES = Path(__file__).parents[2] / "server" / "help_lines" / "SOURCES.md"

GOOD = """
[emergency]
source = "nobody"
[[country]]
code = "GB"
name = "Britain"
emergency = [{ dial = "999", purpose = "any emergency" }]
[[country.line]]
name = "A line"
for_whom = "anyone"
dial = "116 123"
hours = "24/7"
languages = ["en"]
free = true
recorded = ["+44116123"]
record = "a record"
commit = "a commit"
record_source = "https://example.org/"
verified_at = 2026-06-02
"""


def numbers_of(line: HelpLine) -> list[str]:
    return [number for number in (line.dial, line.sms, *line.also_dial) if number]


def test_every_country_of_the_source_is_here() -> None:
    known = {"BD", "BR", "CA", "CN", "DE", "FR", "GB", "ID", "IN", "JP", "KR", "MX", "PH", "RU"}
    assert known | {"US", "IE"} == {code for code, country in COUNTRIES.items() if country.lines}


def test_every_country_has_an_emergency_number() -> None:
    assert all(country.emergency for country in COUNTRIES.values())


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line.country} {line.name}")
def test_every_number_can_be_dialled_at_home(line: HelpLine) -> None:
    for number in numbers_of(line):
        assert re.fullmatch(r"[0-9]+(?:[ -][0-9]+)*", number)
        assert re.fullmatch(r"[0-9]{3,15}", link(number))


def test_emergency_numbers_are_short_and_carry_no_false_date() -> None:
    for number in EMERGENCY:
        assert re.fullmatch(r"[0-9]{2,3}", number.dial)
        assert number.source.startswith("not from a verified record")


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line.country} {line.name}")
def test_every_number_comes_from_its_record(line: HelpLine) -> None:
    held = re.findall(r"[0-9]+", f"{line.mend} {line.recorded}".replace("-", ""))
    for number in numbers_of(line):
        # E.164 leaves out the national prefix of a long number: 0, or Russia's 8.
        at_home = link(number) if len(link(number)) <= 6 else link(number)[1:]
        assert any(digits.endswith(at_home) for digits in held)


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line.country} {line.name}")
def test_a_short_code_glued_to_a_country_code_is_mended_and_said_so(line: HelpLine) -> None:
    short = min(len(link(number)) for number in numbers_of(line)) <= 6
    assert short == (line.mend is not None)


def test_the_two_known_defects_of_the_source_are_mended() -> None:
    samaritans, shout = COUNTRIES["GB"].lines
    assert (samaritans.dial, samaritans.recorded) == ("116 123", ("+44116123",))
    assert (shout.sms, shout.sms_text, shout.recorded) == ("85258", "SHOUT", ("+4485258",))


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line.country} {line.name}")
def test_no_line_claims_a_date_its_source_lacks(line: HelpLine) -> None:
    # The one pass of the source that these copies were taken from.
    assert line.verified_at in (None, date(2026, 6, 2))
    assert re.fullmatch(r"data/countries/[a-z]{2}/helplines\.json#[a-z]{2}-[a-z0-9-]+", line.record)
    assert re.fullmatch(r"[0-9a-f]{40}", line.commit)


def test_the_sources_page_names_every_mended_record() -> None:
    page = SOURCES.read_text(encoding="utf-8")
    mended = {number for line in LINES if line.mend for number in line.recorded[:1]}
    assert {number for number in mended if number not in page} == set()


def test_a_line_is_old_after_180_days_or_without_a_date() -> None:
    (line,) = read(GOOD)["GB"].lines
    assert line.verified_at is not None
    assert not is_old(line, line.verified_at + timedelta(days=180))
    assert is_old(line, line.verified_at + timedelta(days=181))
    (undated,) = read(GOOD.replace("verified_at = 2026-06-02", ""))["GB"].lines
    assert not undated.verified
    assert is_old(undated, line.verified_at)


@pytest.mark.parametrize("dial", ["988", "116 123", "0120-279-338", "+44 20 7946 0000", "15"])
def test_dialable(dial: str) -> None:
    assert is_dialable(dial)


@pytest.mark.parametrize("dial", ["", "1", "116  123", "call 988", "988 ", "٩٨٨", "9" * 16, "+"])
def test_not_dialable(dial: str) -> None:
    assert not is_dialable(dial)


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ('dial = "116 123"', 'dial = "CALL"', "GB, A line: 'CALL' cannot be dialled"),
        ('dial = "116 123"', "", "GB, A line: no way to reach it"),
        ('dial = "999"', 'dial = "nine"', "GB, emergency: 'nine' cannot be dialled"),
        (
            'purpose = "any emergency"',
            'purpose = "x", verified_at = 2026-06-02',
            "unknown verified",
        ),
        ('languages = ["en"]', "languages = []", "languages must be BCP 47"),
        ("free = true", 'free = "yes"', "free must be true or false"),
        ("2026-06-02", '"yesterday"', "verified_at must be a date"),
        ("2026-06-02", "2026-06-02T10:00:00", "verified_at must be a date"),
        ('record = "a record"', "", "record must be a text"),
        ("https://example.org/", "http://example.org/", "is not an https address"),
        ('code = "GB"', 'code = "uk"', "not an ISO 3166"),
        ('hours = "24/7"', 'hours = "24/7"\nhuors = "1"', "unknown huors"),
        ("[[country]]", "[country", "not TOML"),
    ],
)
def test_a_fault_is_refused_and_named(was: str, becomes: str, said: str) -> None:
    assert was in GOOD
    with pytest.raises(BadHelpLineError, match=re.escape(said)):
        read(GOOD.replace(was, becomes))


def test_a_country_may_stand_there_once() -> None:
    twice = GOOD + GOOD[GOOD.index("[[country]]") :]
    with pytest.raises(BadHelpLineError, match="twice"):
        read(twice)
