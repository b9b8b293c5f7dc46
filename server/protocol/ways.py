"""Bodies about ways to log in: passkeys, codes from an app, recovery codes, and proving once more who asks."""

from typing import Annotated, Literal

from pydantic import Field

from server.protocol.base import Id, Storable, Time, Wire
from server.protocol.bodies import Code, Passphrase

Bytes = Annotated[Storable, Field(min_length=1, max_length=16_384, pattern=r"^[A-Za-z0-9_-]+$")]
"""As browsers give them: base64url without padding."""
CredentialId = Annotated[
    Storable, Field(min_length=1, max_length=1_366, pattern=r"^[A-Za-z0-9_-]+$")
]
KeyName = Annotated[Storable, Field(min_length=1, max_length=60)]
SecondCode = Annotated[Storable, Field(min_length=6, max_length=64)]
WhyNoPasskeys = Literal["needs_tls", "needs_name"]


class PasskeyInfo(Wire):
    """One of mine. used_at: None until it was used."""

    id: Id
    name: str
    made_at: Time
    used_at: Time | None


class PasskeysAt(Wire):
    """Where passkeys work: pages of this origin. why_not: None where they do."""

    origin: str
    why_not: WhyNoPasskeys | None


class Ways(Wire):
    """How I can log in, and what is still missing.

    second_step_until: staff without a second step have until then; None: nothing is missing.
    proved_until: what is sensitive is open until then without asking again.
    """

    has_passphrase: bool
    passkeys: list[PasskeyInfo]
    passkeys_at: PasskeysAt
    code_app: bool
    recovery_codes_left: int
    asks_code: bool
    """A passphrase alone does not let me in."""
    must_have_second_step: bool
    second_step_until: Time | None
    proved_until: Time | None


class RecoveryCodes(Wire):
    """Shown this once. Ten stand in for the second step; a single one is the way back for who has none."""

    codes: list[str]


class WaysChanged(Wire):
    """How it is now. recovery_codes: only when they are new, and never again."""

    ways: Ways
    recovery_codes: list[str] | None = None


class PasskeyAsked(Wire):
    """For `navigator.credentials.create`."""

    challenge: str
    rp_id: str
    rp_name: str
    user_id: str
    user_name: str
    exclude: list[str]
    algorithms: list[int]
    timeout_ms: int


class NewPasskey(Wire):
    """What the browser answered, and how I call it."""

    name: KeyName
    credential_id: CredentialId
    client_data: Bytes
    attestation: Bytes


class PasskeyPatch(Wire):
    """Another name."""

    name: KeyName


class SignatureAsked(Wire):
    """For `navigator.credentials.get`. allow: empty: whichever the person chooses."""

    challenge: str
    rp_id: str
    allow: list[str]
    timeout_ms: int


class Signature(Wire):
    """What the browser answered."""

    credential_id: CredentialId
    client_data: Bytes
    authenticator_data: Bytes
    signature: Bytes
    user_handle: CredentialId | None = None


class PasskeyLogIn(Signature):
    """A passkey names whose it is; nobody types anything."""

    as_program: bool = False


class CodeAppBegun(Wire):
    """What the app is to be told: by its camera, or by letters. Codes count only once one was shown.

    picture: a QR code of the address, as an SVG path; size: of its square, with the quiet edge around.
    """

    letters: str
    address: str
    picture: str
    size: int


class CodeShown(Wire):
    """Six digits that the app shows."""

    code: SecondCode


class NewProof(Wire):
    """One of them proves once more who asks; it is good for ten minutes."""

    passphrase: Passphrase | None = None
    recovery_code: Code | None = None


class Proved(Wire):
    """None: not within the last ten minutes."""

    until: Time | None


class NewRecovery(Wire):
    """The code of a link that a steward made, and a new passphrase if one is wanted."""

    code: Code
    passphrase: Passphrase | None = None
