"""Bodies about what a member agreed to."""

from typing import Literal

from server.protocol.base import ShortText, Time, Wire

Scope = Literal["labels"]
"""What a member is asked apart from sign-up."""


class Consent(Wire):
    """One agreement, as the ledger keeps it. wording: version and language of the words that were shown."""

    scope: str
    wording: str
    given_at: Time
    until: Time | None
    withdrawn_at: Time | None


class ConsentAsked(Wire):
    """A question, in full, and what the member said to it.

    allowed: whether this place asks at all. given: the agreement that stands, if one does.
    copied_at: when words of the member were last copied out because of it.
    """

    scope: Scope
    wording: str
    language: str
    title: str
    words: list[str]
    review: str
    allowed: bool
    given: Consent | None
    copied_at: Time | None


class Consents(Wire):
    """What is asked, and everything the member ever agreed to, newest first."""

    asked: list[ConsentAsked]
    ledger: list[Consent]


class NewConsent(Wire):
    """I agree to these words. wording: as the question named it."""

    wording: ShortText
