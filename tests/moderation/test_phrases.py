import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from moderation.errors import PolicyInvalid
from moderation.normalise import normalise
from moderation.phrases import Lists, PhraseBook, Tokens, fold, read_phrase

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
        ("perdu .. chien", "perdu mon petit chien", ["perdu mon petit chien"]),
        ("perdu .. chien", "perdu, pas mon chien", []),
        ("perdi .. perro", "perdí a mi perro", ["perdí a mi perro"]),
        ("perdi .. perro", "perdí, jamás a mi perro", []),
        ("ضاع .. كلبي", "ضاع اليوم كلبي", ["ضاع اليوم كلبي"]),
        ("ضاع .. كلبي", "ضاع وليس كلبي", []),
        ("كلبي ضاع", "وكلبي ضاع", ["وكلبي ضاع"]),
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


@pytest.mark.parametrize("entry", ["(cat", "cat)", "{unknown}"])
def test_a_list_that_cannot_be_read_is_refused(entry):
    with pytest.raises(PolicyInvalid):
        PhraseBook([("k", "my {pet} died")], {"pet": ["dog", entry]})


def test_a_phrase_is_compiled_only_when_it_is_tried():
    phrase = read_phrase("k", "my {pet} died", Lists(LISTS))
    assert not phrase.can_stand_among({"my", "horse"})
    assert "pattern" not in vars(phrase)
    assert phrase.pattern.search(" my cat died ")
    assert phrase.pattern is vars(phrase)["pattern"]


@given(st.from_regex(r"[a-z]{1,12}", fullmatch=True))
@example("killl")
def test_a_word_is_folded_like_a_text(word):
    assert fold(word) == normalise(word).text
