import pytest

from moderation.errors import PolicyInvalid
from moderation.normalise import normalise
from moderation.phrases import PhraseBook, Tokens

LISTS = {"pet": ["cat|dog|guinea pig"]}


def found(phrase, text):
    tokens = Tokens.of(normalise(text))
    spans = [
        tokens.original(m.start, m.end) for m in PhraseBook([("k", phrase)], LISTS).find(tokens)
    ]
    return [text[start:end] for start, end in spans]


@pytest.mark.parametrize(
    ("phrase", "text", "expected"),
    [
        ("my {pet} died", "My CAT died today", ["My CAT died"]),
        ("my {pet} died", "my guinea-pig died", ["my guinea-pig died"]),
        ("(really)? sad", "so really sad", ["really sad"]),
        ("lost .. dog", "lost my little dog", ["lost my little dog"]),
        ("lost .. dog", "lost one two three four dog", []),
        ("lost .. dog", "lost it. dog", []),
        ("lost .. dog", "lost not my dog", []),
        ("walk*", "walking home", ["walking"]),
        ("cat", "concatenate cats", []),
        ("(my (cat|dog)|the bird) died", "the bird died", ["the bird died"]),
        ("cafe", "Café", ["Café"]),
        ("dont", "I don't", ["don't"]),
    ],
)
def test_the_phrase_language_means_what_it_says(phrase, text, expected):
    assert found(phrase, text) == expected


@pytest.mark.parametrize("phrase", ["(cat", "cat)", "{unknown}", "ca|t)", "cat } dog"])
def test_a_phrase_that_cannot_be_read_is_refused(phrase):
    with pytest.raises(PolicyInvalid):
        PhraseBook([("k", phrase)], LISTS)
