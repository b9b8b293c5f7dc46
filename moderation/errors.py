"""One small tree: a rule of moderation refused."""

from __future__ import annotations


class ModerationError(Exception):
    """A rule of moderation refused. ``code`` is stable; the message is for people and holds nothing private."""

    code: str = "moderation"


class ModelUnavailable(ModerationError):
    """A classifier cannot be loaded here; the message says what to do about it."""

    code = "model_unavailable"


class ModelCorrupt(ModerationError):
    """A file of weights is not the one that was registered (SHA-256 or shape differ)."""

    code = "model_corrupt"


class ActionNotAllowed(ModerationError):
    """The state table has no such step for this case."""

    code = "action_not_allowed"


class PolicyInvalid(ModerationError):
    """A policy, wording or lexicon file breaks its own rules."""

    code = "policy_invalid"


class ModelPrivate(ModerationError):
    """A model that was trained with a community's messages is not passed on."""

    code = "model_private"
