import numpy as np

from moderation.marking import likely, whole_words


def test_what_reaches_the_bar_is_shown_and_what_is_nearly_the_likeliest():
    assert likely(np.array([0.2, 0.5, 0.9]), 0.5).tolist() == [False, True, True]
    assert likely(np.array([0.01, 0.2, 0.3]), 0.5).tolist() == [False, True, True]
    assert likely(np.array([0.2, 0.35, 0.5]), 0.5).tolist() == [False, True, True]
    assert likely(np.array([]), 0.5).tolist() == []


def test_marked_tokens_grow_to_their_words_and_neighbours_join():
    text = "you worthless, stupid liar and so on"
    at = text.index("worth"), text.index("stupid"), text.index("liar")
    tokens = [(at[0], at[0] + 3), (at[1], at[1] + 6), (at[2], at[2] + 4)]
    assert [text[s:e] for s, e in whole_words(text, tokens)] == ["worthless", "stupid liar"]
