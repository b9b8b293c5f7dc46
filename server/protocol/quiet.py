"""Bodies about whom and what a member does not want to hear."""

from server.protocol.base import Id, ShortText, Time, Wire


class QuietPerson(Wire):
    """Somebody whose words are folded away for me."""

    id: Id
    name: str
    blocked: bool
    """They cannot answer or react to me either."""
    at: Time


class QuietTopic(Wire):
    """Words that fold a message away for me when its text or its note holds them."""

    id: Id
    words: str


class Quiet(Wire):
    """All that I do not want to hear. Nobody else is told."""

    people: list[QuietPerson]
    topics: list[QuietTopic]


class NewQuietPerson(Wire):
    """Mute somebody, or with `blocked` block them."""

    blocked: bool


class NewQuietTopic(Wire):
    """A word or a few."""

    words: ShortText
