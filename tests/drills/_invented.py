"""Conversations written for drills: enough of them, none of them anybody's."""

import random

from server.replay.conversations import Conversation

_OPENINGS = (
    "I have been awake since four and the street is very quiet.",
    "My sister called today and I did not know what to say to her.",
    "The doctor changed my tablets again and I feel slow.",
    "I managed to walk to the corner shop for the first time this month.",
    "Work was loud today, and I sat in the stairwell for a while.",
    "I keep thinking about the argument at dinner.",
    "It is a year today since my grandfather died.",
    "I cleaned one shelf. One. It still feels like something.",
)
_MIDDLES = (
    "I do not need advice, just somebody who knows this.",
    "Has anyone found a way to get through the evenings?",
    "It is smaller than yesterday, at least.",
    "I did not tell anybody at home.",
    "Maybe it sounds silly when I write it down.",
)
_REPLIES = (
    "That sounds like a long night. I am glad that you wrote it here.",
    "Not silly at all. I had the same with my brother.",
    "One shelf is one shelf. What was on it?",
    "I make tea and put the radio on low. It helps a little.",
    "Thank you for telling us. How is it now?",
    "I know that stairwell. Mine was a car park.",
)


def conversations(messages: int, seed: int = 11) -> list[Conversation]:
    """So many messages, no two posts alike."""
    drawn = random.Random(seed)
    made: list[Conversation] = []
    while messages > 0:
        number = len(made) + 1
        post = f"{drawn.choice(_OPENINGS)} {drawn.choice(_MIDDLES)} (Day {number}.)"
        wanted = min(drawn.randint(1, 3), messages - 1)
        made.append(Conversation(post, [_reply(drawn, number, n) for n in range(wanted)]))
        messages -= 1 + wanted
    return made


def _reply(drawn: random.Random, day: int, number: int) -> str:
    return f"{drawn.choice(_REPLIES)} ({day}, {number + 1}.)"
