from moderation.cache import Cached
from moderation.classifier import Assessment, Passage


class Counting:
    version = "counting"

    def __init__(self):
        self.read = []

    def assess(self, passages):
        self.read += passages
        return [
            Assessment(True, self.version, "en", {"toxicity": len(p.text) / 100}) for p in passages
        ]


def test_the_same_words_are_read_once_and_answered_alike():
    inner = Counting()
    cached = Cached(inner)
    first = cached.assess([Passage("hello"), Passage("good night"), Passage("hello")])
    again = cached.assess([Passage("good night"), Passage("hello")])
    assert [p.text for p in inner.read] == ["hello", "good night"]
    assert first[0] == first[2] == again[1]
    assert first[1] == again[0]


def test_what_a_reply_answers_makes_it_another_passage():
    inner = Counting()
    cached = Cached(inner)
    cached.assess([Passage("a", "b"), Passage("a"), Passage("a", ""), Passage("a\0b")])
    assert len(inner.read) == 4


def test_the_answer_asked_for_longest_ago_is_forgotten_first():
    inner = Counting()
    cached = Cached(inner, most=2)
    for text in ("one", "two", "one", "three", "one", "two"):
        cached.assess([Passage(text)])
    assert [p.text for p in inner.read] == ["one", "two", "three", "two"]


def test_no_word_is_kept_and_two_caches_know_words_by_other_names():
    kept = []
    for _ in range(2):
        cached = Cached(Counting())
        cached.assess([Passage("a private word")])
        kept += vars(cached)["_kept"]
    assert kept[0] != kept[1]
    assert b"private" not in kept[0] + kept[1]


def test_broken_letters_are_words_like_any():
    assert len(Cached(Counting()).assess([Passage("\ud800"), Passage("")])) == 2
