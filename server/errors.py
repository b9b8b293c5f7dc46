"""What the server refuses, each with a stable code and a status. `detail` is for people and private to nobody."""

from http import HTTPStatus


class ServerError(Exception):
    """Base of all refusals.

    code: stable, for programs. status: HTTP. retry_after_s: set when trying again later helps.
    """

    code = "refused"
    status = HTTPStatus.BAD_REQUEST
    detail = "That could not be done."

    def __init__(self, detail: str | None = None, *, retry_after_s: float | None = None) -> None:
        self.detail = detail or self.detail
        self.retry_after_s = retry_after_s
        super().__init__(self.code)


class BadFrame(ServerError):
    """Malformed input: not JSON, an unknown type, or a field out of its range."""

    code = "malformed"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    detail = "That could not be read."


class NotFound(ServerError):
    """Missing, or not yours to see: both get this same answer."""

    code = "not_found"
    status = HTTPStatus.NOT_FOUND
    detail = "There is nothing here, or it is not yours to see."


class NoSuchLine(NotFound):
    """Missing here. Another worker may have it: who asks again should come in by another connection."""


class NoSession(ServerError):
    """Nobody is logged in here."""

    code = "no_session"
    status = HTTPStatus.UNAUTHORIZED
    detail = "Please log in."


class Removed(NoSession):
    """Logged in, and no member any more: reads why, and may ask another person to look."""

    code = "removed"
    status = HTTPStatus.FORBIDDEN
    detail = "Your membership of this place has ended. You can still read why, and ask another person to look."


class SecondStepNeeded(NoSession):
    """Staff who had their days to set up a second step and did not; only that is open to them."""

    code = "second_step_needed"
    status = HTTPStatus.FORBIDDEN
    detail = "Please set up a second step first: a passkey, or codes from an app."


class NotAllowed(ServerError):
    """Known, but not for this role."""

    code = "not_allowed"
    status = HTTPStatus.FORBIDDEN
    detail = "That is not yours to do."


class OtherAgeGroup(NotAllowed):
    """The room is for the other age group, or the member has not said which is theirs."""

    code = "other_age_group"
    detail = "That room is for another age group. In the settings you can say which is yours."


class CrossSite(NotAllowed):
    """A state-changing request that did not come from our own pages."""

    code = "cross_site"
    detail = "That request did not come from this place's own pages."


class WrongLogIn(ServerError):
    """Pseudonym and secret do not belong together; never says which."""

    code = "wrong_log_in"
    status = HTTPStatus.UNAUTHORIZED
    detail = "That pseudonym and that passphrase or recovery code do not belong together."


class CodeNeeded(ServerError):
    """The passphrase was right, and this member has a second step."""

    code = "code_needed"
    status = HTTPStatus.UNAUTHORIZED
    detail = "Please add the code that your app shows, or one of your recovery codes; or log in with your passkey."


class WrongCode(ServerError):
    """Not what the app shows now, or it was used already."""

    code = "wrong_code"
    status = HTTPStatus.UNAUTHORIZED
    detail = (
        "That code was not right, or it was used already. An app shows a new one every 30 seconds."
    )


class WrongPasskey(ServerError):
    """Not signed by a passkey that is known here, or not for this place, or not what was asked."""

    code = "wrong_passkey"
    status = HTTPStatus.UNAUTHORIZED
    detail = "That passkey was not accepted here. Please try again, or log in another way."


class ProofNeeded(ServerError):
    """Something sensitive, and nobody has proved within ten minutes who sits there."""

    code = "proof_needed"
    status = HTTPStatus.FORBIDDEN
    detail = "Please prove once more that it is you."


class NameTaken(ServerError):
    """Somebody has this pseudonym, or one that looks like it."""

    code = "name_taken"
    status = HTTPStatus.CONFLICT
    detail = "Somebody here already has this pseudonym, or one that looks like it."


class NameNotAllowed(ServerError):
    """The pseudonym cannot be shown safely."""

    code = "name_not_allowed"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    detail = "Please choose letters, numbers, spaces, and . _ - ' only."


class TooCommon(ServerError):
    """A passphrase that everybody guesses first."""

    code = "too_common"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    detail = "That passphrase is among the first that others would guess. Three or four unrelated words are better."


class InvitationNeeded(ServerError):
    """Sign-up is by invitation and none was given, or it does not open this door any more."""

    code = "invitation_needed"
    status = HTTPStatus.FORBIDDEN
    detail = "This place opens by invitation, and that invitation is not valid, or no longer."


class Pending(ServerError):
    """Signed up, waiting for a steward."""

    code = "pending"
    status = HTTPStatus.FORBIDDEN
    detail = "A steward has not yet approved this membership."


class Paused(ServerError):
    """May read, not write, until a time."""

    code = "paused"
    status = HTTPStatus.FORBIDDEN
    detail = "You are paused in this room: you can read, and write again later. The line to the moderators stays open."


class RoomClosed(ServerError):
    """The room takes no new words."""

    code = "room_closed"
    status = HTTPStatus.CONFLICT
    detail = "This room is closed: it can be read, not written in."


class TooFast(ServerError):
    """A limit was reached; nothing was lost."""

    code = "too_fast"
    status = HTTPStatus.TOO_MANY_REQUESTS
    detail = "That was a lot at once. Nothing is lost: please try again in a moment."


class Conflict(ServerError):
    """The same client_id already carried something else."""

    code = "conflict"
    status = HTTPStatus.CONFLICT
    detail = "Something else was already sent under this client_id."


class Stale(ServerError):
    """Somebody acted meanwhile."""

    code = "stale"
    status = HTTPStatus.CONFLICT
    detail = "Somebody acted on this meanwhile. Please look again; what you wrote is still yours."


class Claimed(ServerError):
    """Another person looks at this case right now."""

    code = "claimed"
    status = HTTPStatus.CONFLICT
    detail = "Another moderator is looking at this case."


class NotNow(ServerError):
    """The action does not fit the state things are in."""

    code = "not_now"
    status = HTTPStatus.CONFLICT
    detail = "That does not fit the state this is in."


class NotReplayed(ServerError):
    """Nobody has seen yet what this policy would have done here."""

    code = "not_replayed"
    status = HTTPStatus.CONFLICT
    detail = "Please replay exactly this policy over what was said here first, against the one in force now."


class NotAccepted(ServerError):
    """It touches people in danger, and nobody has said that they read how."""

    code = "not_accepted"
    status = HTTPStatus.CONFLICT
    detail = "Please read first what this means for people in danger, and accept it."


class AppealClosed(ServerError):
    """Not appealable, or no longer, or already appealed."""

    code = "appeal_closed"
    status = HTTPStatus.CONFLICT
    detail = "This cannot be appealed, or no longer, or was already."


class TooLarge(ServerError):
    """More than a request may hold."""

    code = "too_large"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    detail = "That is more than one request may hold."


class Unavailable(ServerError):
    """We cannot right now; trying again will help."""

    code = "unavailable"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    detail = "That did not work just now. Nothing is lost: please try again."


class Misconfigured(ServerError):
    """The steward's settings cannot be used; the detail names the variable and what would be right."""

    code = "misconfigured"
    status = HTTPStatus.INTERNAL_SERVER_ERROR
