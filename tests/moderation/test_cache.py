from moderation.cache import Remembered
from moderation.classifier import Passage


def test_the_same_words_are_answered_alike():
    kept: Remembered[int] = Remembered()
    kept.keep(Passage("hello"), 1)
    kept.keep(Passage("good night"), 2)
    assert [kept.find(Passage(text)) for text in ("good night", "hello", "Hello")] == [2, 1, None]


def test_what_a_reply_answers_makes_it_another_passage():
    kept: Remembered[int] = Remembered()
    passages = [Passage("a", "b"), Passage("a"), Passage("a", ""), Passage("a\0b")]
    for number, passage in enumerate(passages, start=1):
        assert kept.find(passage) is None
        kept.keep(passage, number)
    assert [kept.find(passage) for passage in passages] == [1, 2, 3, 4]


def test_the_answer_asked_for_longest_ago_is_forgotten_first():
    kept: Remembered[int] = Remembered(most=2)
    kept.keep(Passage("one"), 1)
    kept.keep(Passage("two"), 2)
    assert kept.find(Passage("one")) == 1
    kept.keep(Passage("three"), 3)
    assert [kept.find(Passage(text)) for text in ("one", "two", "three")] == [1, None, 3]


def test_no_word_is_kept_and_two_memories_know_words_by_other_names():
    names = []
    for _ in range(2):
        kept: Remembered[int] = Remembered()
        kept.keep(Passage("a private word"), 1)
        names += vars(kept)["_kept"]
    assert names[0] != names[1]
    assert b"private" not in names[0] + names[1]


def test_broken_letters_are_words_like_any():
    kept: Remembered[int] = Remembered()
    kept.keep(Passage("\ud800"), 1)
    assert kept.find(Passage("\ud800")) == 1
    assert kept.find(Passage("")) is None
