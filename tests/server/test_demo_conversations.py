"""The demo must show everything Hearth is for, so its words are counted like code."""

import re
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise

import pytest

from server.demo.community import Message, Room, Tone
from server.demo.conversations import (
    MOST_CODE_POINTS,
    WEEK_MIN,
    BadConversationError,
    load,
    minutes,
    read_thread,
)

COMMUNITY = load()
ROOMS = COMMUNITY.rooms
TALK = [message for room in ROOMS for exchange in room.talk for message in exchange]
EVERYTHING = [*COMMUNITY.messages, *TALK]
BY_KEY = {message.key: message for message in EVERYTHING}

each_room = pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.slug)


def read(*lines: Mapping[str, object], began: int | None = 100) -> tuple[Message, ...]:
    return read_thread(list(lines), "kitchen", "kitchen/1", "en", began)


def test_there_is_enough_to_look_at() -> None:
    assert len(ROOMS) == 6
    assert len(COMMUNITY.messages) >= 450
    assert len(TALK) >= 150
    assert 55 <= len(COMMUNITY.peers) <= 75
    assert len(COMMUNITY.moderators) == 3
    assert len(COMMUNITY.clinicians) == 1


@each_room
def test_every_room_has_every_tone(room: Room) -> None:
    tones = Counter(message.tone for thread in room.threads for message in thread)
    assert set(tones) == set(Tone)
    assert tones[Tone.KIND] > tones[Tone.CLUMSY] + tones[Tone.ROUGH] + tones[Tone.SEVERE]


@each_room
def test_every_room_has_an_ask_that_nobody_answered(room: Room) -> None:
    (quiet,) = (thread for thread in room.threads if len(thread) == 1)
    assert quiet[0].ask


@each_room
def test_enough_people_speak_for_figures_about_them(room: Room) -> None:
    speakers = {message.author for thread in room.threads for message in thread}
    assert len(speakers & set(COMMUNITY.peers)) >= 12  # figures begin at 8


@each_room
def test_the_room_is_kept_by_people_who_exist(room: Room) -> None:
    assert set(room.hosts) <= set(COMMUNITY.peers)
    assert room.moderators
    assert set(room.moderators) <= set(COMMUNITY.moderators)
    speaking = {message.language for thread in room.threads + room.talk for message in thread}
    assert speaking == set(room.languages)


def test_every_reply_resolves_to_something_said_before_in_its_thread() -> None:
    assert len(BY_KEY) == len(EVERYTHING)
    for message in EVERYTHING:
        if message.reply_to is not None:
            answered = BY_KEY[message.reply_to]
            assert answered.key.rsplit("/", 1)[0] == message.key.rsplit("/", 1)[0]
            assert answered.minutes_before_now >= message.minutes_before_now
            assert answered.meant_to_appear


def test_nobody_answers_themselves() -> None:
    answers = [message for message in EVERYTHING if message.reply_to is not None]
    assert not [m.key for m in answers if m.reply_to and BY_KEY[m.reply_to].author == m.author]


def test_messages_come_in_order_within_the_last_week() -> None:
    for earlier, later in pairwise(COMMUNITY.messages):
        assert WEEK_MIN >= earlier.minutes_before_now >= later.minutes_before_now > 0


def test_texts_fit_and_vary() -> None:
    lengths = sorted(len(message.text) for message in EVERYTHING)
    assert 0 < lengths[0] < 10
    assert 1000 < lengths[-1] <= MOST_CODE_POINTS
    assert len({message.text for message in EVERYTHING}) > 0.99 * len(EVERYTHING)


def test_several_languages_are_spoken_at_the_kitchen_table() -> None:
    assert {message.language for message in EVERYTHING} == {"en", "de", "es", "fr", "ar"}


def test_every_end_of_a_nudge_occurs() -> None:
    rough = [message for message in EVERYTHING if message.tone is Tone.ROUGH]
    assert any(message.softened for message in rough)
    assert any(message.insist for message in rough)
    assert any(message.dropped for message in rough)


def test_some_felt_heard_and_some_not_yet() -> None:
    heard = Counter(message.felt_heard for message in EVERYTHING)
    assert heard[True] >= 40
    assert heard[False] >= 5


def test_nobody_in_danger_is_left_alone() -> None:
    for room in ROOMS:
        for thread in room.threads:
            for place, message in enumerate(thread):
                if message.tone is Tone.WORRYING:
                    after = thread[place + 1 :]
                    assert any(reply.tone is Tone.KIND for reply in after), message.key


def test_names_are_pseudonyms_anyone_may_sign_up_with() -> None:
    people = {*COMMUNITY.peers, *COMMUNITY.moderators, *COMMUNITY.clinicians, *COMMUNITY.stewards}
    assert all(re.fullmatch(r"[a-z]{4,20}", name) for name in people)
    assert set(COMMUNITY.logins) == {"peer", "moderator", "clinician", "steward"}
    assert set(COMMUNITY.logins.values()) <= people


def test_no_text_holds_a_number_to_call_or_a_link() -> None:
    # Numbers come from server/help_lines only.
    assert not [m.key for m in EVERYTHING if re.search(r"https?:|www\.|\d{3}[ -]?\d{3}", m.text)]


@pytest.mark.parametrize(("span", "expected"), [("6d 3h", 8820), ("40m", 40), ("1d 2h 5m", 1565)])
def test_spans(span: str, expected: int) -> None:
    assert minutes(span) == expected


@pytest.mark.parametrize("span", ["", "soon", "3", "5m 1h", "-1h"])
def test_what_is_no_span_is_refused(span: str) -> None:
    with pytest.raises(BadConversationError, match="no span of time"):
        minutes(span)


def test_a_reply_answers_the_opening_or_the_last_thing_a_person_said() -> None:
    asked, kind, more, reply = read(
        {"by": "ann", "text": "hm", "ask": True},
        {"by": "bea", "text": "tell me", "tone": "kind", "heard": True},
        {"by": "ann", "text": "well", "to": "bea"},
        {"by": "cat", "text": "oh", "to": "ann", "after": "1h"},
    )
    assert [asked.reply_to, kind.reply_to] == [None, asked.key]
    assert [more.reply_to, reply.reply_to] == [kind.key, more.key]
    assert [m.minutes_before_now for m in (asked, kind, more, reply)] == [100, 94, 88, 28]


def test_in_talk_each_line_answers_the_one_before_and_ones_own_next_words_answer_nobody() -> None:
    first, second, third, more = read(
        {"by": "ann", "text": "hm"},
        {"by": "bea", "text": "hm?"},
        {"by": "cat", "text": "hm!"},
        {"by": "cat", "text": "hm."},
        began=None,
    )
    assert (second.reply_to, third.reply_to, more.reply_to) == (first.key, second.key, None)
    assert first.minutes_before_now == 0


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ({"to": "dan"}, "dan has said nothing"),
        ({"tone": "rough"}, "exactly one of"),
        ({"tone": "rough", "insist": True, "dropped": True}, "exactly one of"),
        ({"heard": True}, "belongs to a reply to who asked"),
        ({"text": " "}, "empty or too long"),
        ({"text": "x" * 4001}, "empty or too long"),
        ({"after": "3h"}, "outside the last week"),
        ({"mood": "blue"}, "unknown mood"),
        ({"tone": "blue"}, "'blue' is no tone"),
    ],
)
def test_a_fault_is_refused_and_named(line: dict[str, object], fault: str) -> None:
    opening = {"by": "ann", "text": "hello"}
    with pytest.raises(BadConversationError, match=rf"kitchen/1/2: .*{fault}"):
        read(opening, {"by": "bea", "text": "hello you", **line})
