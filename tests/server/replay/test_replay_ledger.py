"""The checker can fail: each fault that it is there for is found, and a clean log is clean."""

from datetime import datetime
from uuid import UUID, uuid4

import pytest

from server.ids import new_id
from server.protocol import frames
from server.replay.ledger import Ear, Ledger, percentile
from server.replay.performance import is_clean
from tests.server.store_fixture import MONDAY

ROOM = UUID("0198c0de-0000-7000-8000-000000000001")
AT: datetime = MONDAY
WORDS = ["The kettle is on.", "I slept a little.", "That is good to hear."]


class Log:
    """A room with two ears, and three acknowledged messages that both should hear."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.ears = [self.ledger.ear(), self.ledger.ear()]
        for ear in self.ears:
            self.hear(ear, joined(10))
        self.messages = [self.say(seq, text) for seq, text in enumerate(WORDS, start=11)]

    def say(self, seq: int, text: str) -> frames.Message:
        client_id, message = uuid4(), new_id()
        post = frames.Post(type="post", room=ROOM, client_id=client_id, text=text)
        self.ledger.sending(post, 0.0)
        answer = frames.Posted(room=ROOM, client_id=client_id, seq=seq, id=message, at=AT)
        self.ledger.answered(answer, 0.005)
        return heard(seq, message, client_id, text)

    def hear(self, ear: Ear, *said: frames.ServerFrame) -> None:
        for frame in said:
            self.ledger.hear(ear, frame, 0.01)

    def figures(self) -> dict[str, int]:
        return self.ledger.figures()


def joined(seq: int) -> frames.Joined:
    return frames.Joined(room=ROOM, seq=seq, members=2, here=2, moderator_on=False)


def heard(seq: int, message: UUID, client_id: UUID, text: str) -> frames.Message:
    author = frames.Author(id=new_id(), name="Willow", role="peer")
    return frames.Message(
        room=ROOM, seq=seq, id=message, author=author, text=text, at=AT, client_id=client_id
    )


def faults(figures: dict[str, int]) -> dict[str, int]:
    names = ("lost", "doubled", "out_of_order", "altered", "phantom")
    return {name: figures[name] for name in names if figures[name]}


@pytest.fixture
def log() -> Log:
    return Log()


def test_what_everybody_heard_once_in_order_is_clean(log: Log) -> None:
    for ear in log.ears:
        log.hear(ear, *log.messages)
    figures = log.figures()
    assert figures["expected"] == figures["delivered"] == 6
    assert faults(figures) == {}
    assert is_clean(figures | {"staff_failed": 0})
    assert log.ledger.all_heard()


def test_one_message_that_one_socket_missed_is_lost(log: Log) -> None:
    log.hear(log.ears[0], *log.messages)
    log.hear(log.ears[1], *log.messages[:2])
    assert not log.ledger.all_heard()
    assert faults(log.figures()) == {"lost": 1}


def test_a_hole_is_lost_and_out_of_order(log: Log) -> None:
    log.hear(log.ears[0], *log.messages)
    log.hear(log.ears[1], log.messages[0], log.messages[2])
    assert faults(log.figures()) == {"lost": 1, "out_of_order": 1}


def test_a_message_that_comes_twice_is_doubled(log: Log) -> None:
    log.hear(log.ears[0], *log.messages)
    log.hear(log.ears[1], *log.messages, log.messages[2])
    assert faults(log.figures()) == {"doubled": 1, "out_of_order": 1}


def test_one_post_stored_under_two_ids_is_doubled(log: Log) -> None:
    last = log.messages[-1]
    again = last.model_copy(update={"seq": 14, "id": new_id()})
    for ear in log.ears:
        log.hear(ear, *log.messages, again)
    assert faults(log.figures())["doubled"] == 2


def test_two_orders_of_the_same_messages_are_out_of_order(log: Log) -> None:
    one, two, three = log.messages
    log.hear(log.ears[0], one, two, three)
    swapped = [one, three.model_copy(update={"seq": 12}), two.model_copy(update={"seq": 13})]
    log.hear(log.ears[1], *swapped)
    assert faults(log.figures()) == {"out_of_order": 2}


def test_another_word_is_altered(log: Log) -> None:
    log.hear(log.ears[0], *log.messages)
    other = log.messages[2].model_copy(update={"text": "That is good to hear!"})
    log.hear(log.ears[1], *log.messages[:2], other)
    assert faults(log.figures()) == {"altered": 1}


def test_a_refused_message_that_is_heard_came_out_of_nowhere(log: Log) -> None:
    post = frames.Post(type="post", room=ROOM, client_id=uuid4(), text="Never said.")
    log.ledger.sending(post, 0.0)
    log.ledger.answered(frames.Refused(code="paused", detail="Not now."), 0.01)
    shown = heard(14, new_id(), post.client_id, post.text)
    for ear in log.ears:
        log.hear(ear, *log.messages, shown)
    assert faults(log.figures()) == {"phantom": 2}


def test_what_was_said_before_somebody_listened_is_not_expected_of_them(log: Log) -> None:
    late = log.ledger.ear()
    log.hear(late, joined(12), log.messages[2])
    for ear in log.ears:
        log.hear(ear, *log.messages)
    figures = log.figures()
    assert (figures["expected"], faults(figures)) == (7, {})


def test_after_a_reconnection_it_goes_on_where_it_was(log: Log) -> None:
    for ear in log.ears:
        log.hear(ear, log.messages[0], joined(13), *log.messages[1:])
    assert faults(log.figures()) == {}


def test_percentiles_of_nothing_are_none(log: Log) -> None:
    assert percentile(log.ledger.delivery_ms, 0.5) is None
    log.hear(log.ears[0], *log.messages)
    assert percentile(log.ledger.delivery_ms, 0.99) == 10.0
