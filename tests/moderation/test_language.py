import pytest

from moderation.language import language_of
from moderation.normalise import normalise


def language(text):
    return language_of(normalise(text).text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("I feel so alone tonight and I don't know why", "en"),
        ("thanks", "en"),
        ("me too", "en"),
        ("Ich kann heute nicht mehr und weiß nicht warum", "de"),
        ("No puedo más con todo esto y no sé qué hacer", "es"),
        ("Je ne sais plus quoi faire de ma vie", "fr"),
        ("Não sei mais o que fazer com a minha vida", "pt"),
        ("Non so più cosa fare della mia vita", "it"),
        ("لا أعرف ماذا أفعل", "ar"),
        ("я очень устал", "ru"),
        ("もう疲れました", "ja"),
        ("Ben çok yorgunum ve ne yapacağımı bilmiyorum", "tr"),
    ],
)
def test_languages_are_told_apart(text, code):
    assert language(text) == code


@pytest.mark.parametrize("text", ["", "😂😂", "...", "hmm", "Berlin", "12:30"])
def test_no_evidence_is_not_another_language(text):
    assert language(text) is None


def test_a_long_text_without_one_english_word_is_surely_not_english():
    assert language("zork blim frot quandu mirp slev tandor wexil praum") == "und"
