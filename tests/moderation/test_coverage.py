import tomllib
from pathlib import Path
from typing import get_args

import pytest

import moderation
from moderation.backends import Backend
from moderation.coverage import OTHER, coverage
from moderation.review import TEXTS

HOME = Path(moderation.__file__).parent
DOC = HOME.parent / "docs" / "intended-use.md"
LEXICONS = [tomllib.loads(path.read_text("utf-8")) for path in HOME.glob("lexicon*.toml")]
BACKENDS = ("embedded", "detoxify", "lexicon")


def test_the_table_in_the_docs_is_the_declared_one():
    part = DOC.read_text("utf-8").split("\n## What it reads, by language\n")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    shown = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines[2:]]
    assert shown == [(row.name, row.model, row.phrases) for row in coverage()]


def test_every_language_of_the_lexicon_is_declared_and_no_other():
    entries = [entry for lexicon in LEXICONS for entry in lexicon["entry"]]
    of_phrases = {entry.get("language", "en") for entry in entries}
    assert {row.code for row in coverage()} == of_phrases | {OTHER}


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_nothing_reads_stands_last_and_says_that_people_look_first(backend):
    *named, last = coverage(backend)
    assert last.code == OTHER
    assert "people look first" in last.phrases
    assert all("people look first" not in row.phrases for row in named)


def test_no_backend_claims_a_language_that_only_the_phrases_know():
    for backend in BACKENDS:
        models = {row.code: row.model for row in coverage(backend)}
        unread = {models[code] for code in models if code != "en"}
        assert unread == {coverage("lexicon")[-1].model}
    assert coverage("embedded")[0].model != coverage("detoxify")[0].model


def test_every_backend_is_declared():
    assert set(get_args(Backend)) == set(BACKENDS)


def test_languages_without_a_native_review_say_so():
    first_sets = [row for row in coverage() if row.code not in {"en", OTHER}]
    assert first_sets
    assert all("not yet reviewed by a native clinician" in row.phrases for row in first_sets)


def test_a_clinician_confirms_it_with_the_policy():
    assert "coverage.toml" in TEXTS
