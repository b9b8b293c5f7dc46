"""Ways to log in: passkeys, codes from an app, recovery codes, and proving once more who asks."""

import asyncio
from uuid import UUID

from fastapi import APIRouter, Response

from server.access import check
from server.api.accounts import passed_on
from server.api.depend import AskAnybody, AskMember, AskPublic, AskSettingUp
from server.api.proving import check_proven, note_proven
from server.api.tries import count_network, let_network_in
from server.errors import WrongPasskey
from server.protocol import bodies
from server.protocol import ways as wire
from server.services import accounts, passkeys, second_step, sessions, ways
from server.services.passkeys import Party, Purpose, party_of
from server.services.passphrases import check_passphrase
from server.store.work import Work

router = APIRouter(prefix="/api", tags=["ways to log in"])

_READ = {"x-access": "way.read"}
_CHANGE = {"x-access": "way.change"}
_PASSKEY = {"x-access": "way.passkey"}
_PROVE = {"x-access": "session.prove"}
_LOG_IN = {"x-access": "session.log_in"}
_RECOVER = {"x-access": "session.recover"}


@router.get("/me/ways", operation_id="way_list", openapi_extra=_READ)
async def read_ways(ask: AskSettingUp) -> wire.Ways:
    """How I can log in."""
    return await ask.read("way.read", lambda work: _ways(work, ask))


@router.post("/me/ways/passkeys/asked", operation_id="way_passkey_ask", openapi_extra=_CHANGE)
async def ask_passkey(ask: AskSettingUp) -> wire.PasskeyAsked:
    """What my device is asked for a new passkey. Answer within five minutes, once."""
    await check_proven(ask)
    return await ask.do("way.change", lambda work: passkeys.ask_new(work, ask.actor, _party(ask)))


@router.post(
    "/me/ways/passkeys", status_code=201, operation_id="way_passkey_add", openapi_extra=_CHANGE
)
async def add_passkey(new: wire.NewPasskey, ask: AskSettingUp) -> wire.WaysChanged:
    """A new passkey. Recovery codes are in the answer when they are the first, and never again."""
    await check_proven(ask)
    challenge = await _take(ask, "way.change", new.client_data, "add", ask.actor.id)
    key = await asyncio.to_thread(passkeys.check_new, _party(ask), challenge, new)

    def add(work: Work) -> wire.WaysChanged:
        codes = passkeys.add(work, ask.actor, key, new.name, ask.language)
        return wire.WaysChanged(ways=_ways(work, ask), recovery_codes=codes)

    return await ask.do("way.change", add)


@router.patch(
    "/me/ways/passkeys/{passkey_id}", operation_id="way_passkey_rename", openapi_extra=_PASSKEY
)
async def rename_passkey(
    passkey_id: UUID, patch: wire.PasskeyPatch, ask: AskSettingUp
) -> wire.Ways:
    """Another name for one of mine."""

    def rename(work: Work) -> wire.Ways:
        ways.rename(work, ask.actor, passkey_id, patch.name)
        return _ways(work, ask)

    return await ask.do("way.passkey", rename)


@router.delete(
    "/me/ways/passkeys/{passkey_id}", operation_id="way_passkey_remove", openapi_extra=_PASSKEY
)
async def remove_passkey(passkey_id: UUID, ask: AskSettingUp) -> wire.Ways:
    """One of mine opens nothing any more."""
    await check_proven(ask)

    def remove(work: Work) -> wire.Ways:
        ways.remove(work, ask.actor, passkey_id, ask.language)
        return _ways(work, ask)

    return await ask.do("way.passkey", remove)


@router.post("/me/ways/app", operation_id="way_app_begin", openapi_extra=_CHANGE)
async def begin_app(ask: AskSettingUp) -> wire.CodeAppBegun:
    """A secret to share with an app that shows codes. It counts once a code was shown."""
    await check_proven(ask)
    begun = await ask.do("way.change", lambda work: second_step.begin_app(work, ask.actor))
    return await asyncio.to_thread(second_step.picture_of, begun)


@router.put("/me/ways/app", operation_id="way_app_confirm", openapi_extra=_CHANGE)
async def confirm_app(shown: wire.CodeShown, ask: AskSettingUp) -> wire.WaysChanged:
    """The app shows this. From now on codes are asked for; ten recovery codes are in the answer, this once."""
    await check_proven(ask)
    await ask.parts.limits.count("log_in_account", str(ask.actor.id))

    def confirm(work: Work) -> wire.WaysChanged:
        codes = second_step.confirm_app(work, ask.actor, shown.code, ask.language)
        return wire.WaysChanged(ways=_ways(work, ask), recovery_codes=codes)

    return await ask.do("way.change", confirm)


@router.delete("/me/ways/app", operation_id="way_app_remove", openapi_extra=_CHANGE)
async def remove_app(ask: AskSettingUp) -> wire.Ways:
    """Codes from an app are not asked for any more."""
    await check_proven(ask)

    def remove(work: Work) -> wire.Ways:
        second_step.remove_app(work, ask.actor, ask.language)
        return _ways(work, ask)

    return await ask.do("way.change", remove)


@router.post("/me/ways/recovery-codes", operation_id="way_codes", openapi_extra=_CHANGE)
async def new_codes(ask: AskSettingUp) -> wire.RecoveryCodes:
    """New ones, shown this once. Those before open nothing any more."""
    await check_proven(ask)
    return await ask.do("way.change", lambda work: ways.new_codes(work, ask.actor, ask.language))


@router.get("/me/proof", operation_id="proof_read", openapi_extra=_PROVE)
async def read_proof(ask: AskSettingUp) -> wire.Proved:
    """Whether what is sensitive is open just now."""
    return await ask.read("session.prove", lambda work: _proved(work, ask))


@router.post("/me/proof", operation_id="proof_give", openapi_extra=_PROVE)
async def prove(proof: wire.NewProof, ask: AskSettingUp) -> wire.Proved:
    """By passphrase or recovery code; good for ten minutes, in this session."""
    check(ask.actor, "session.prove")
    await check_proven(ask, proof.passphrase, proof.recovery_code)
    return await ask.read("session.prove", lambda work: _proved(work, ask))


@router.post("/me/proof/asked", operation_id="proof_ask", openapi_extra=_PROVE)
async def ask_proof(ask: AskSettingUp) -> wire.SignatureAsked:
    """What one of my passkeys is asked to sign."""
    return await ask.do(
        "session.prove",
        lambda work: passkeys.ask_signature(work, "prove", _party(ask), ask.actor.id),
    )


@router.post("/me/proof/passkey", operation_id="proof_passkey", openapi_extra=_PROVE)
async def prove_by_passkey(signed: wire.Signature, ask: AskSettingUp) -> wire.Proved:
    """By one of my passkeys; good for ten minutes, in this session."""
    challenge = await _take(ask, "session.prove", signed.client_data, "prove", ask.actor.id)
    known = await ask.read("session.prove", lambda work: passkeys.find(work, signed.credential_id))
    if known is None or known.member_id != ask.actor.id:
        raise WrongPasskey
    count = await asyncio.to_thread(passkeys.check_signature, _party(ask), challenge, known, signed)
    await ask.do("session.prove", lambda work: passkeys.note_used(work, known, count))
    await note_proven(ask)
    return await ask.read("session.prove", lambda work: _proved(work, ask))


@router.post("/sessions/passkey/asked", operation_id="session_ask", openapi_extra=_LOG_IN)
async def ask_who(ask: AskPublic) -> wire.SignatureAsked:
    """What a passkey is asked to sign to log in, whoever's it is."""
    await ask.parts.limits.count("passkey_asked", ask.address_key)
    return await ask.do(
        "session.log_in", lambda work: passkeys.ask_signature(work, "log_in", _party(ask))
    )


@router.post(
    "/sessions/passkey",
    status_code=201,
    operation_id="session_log_in_passkey",
    openapi_extra=_LOG_IN,
)
async def log_in(signed: wire.PasskeyLogIn, ask: AskPublic, response: Response) -> bodies.Entered:
    """By a passkey alone: it says whose it is."""
    await count_network(ask)
    challenge = await _take(ask, "session.log_in", signed.client_data, "log_in", None)
    known = await ask.read("session.log_in", lambda work: passkeys.find(work, signed.credential_id))
    count = await asyncio.to_thread(passkeys.check_signature, _party(ask), challenge, known, signed)
    assert known is not None  # noqa: S101 - checked just now

    def enter(work: Work) -> bodies.Entered:
        member = passkeys.note_used(work, known, count)
        return accounts.enter(work, member, as_program=signed.as_program, device=ask.device)

    entered = await ask.do("session.log_in", enter)
    await let_network_in(ask)
    return await passed_on(ask, response, entered, as_program=signed.as_program)


@router.post("/recoveries", status_code=201, operation_id="session_recover", openapi_extra=_RECOVER)
async def come_back(new: wire.NewRecovery, ask: AskPublic, response: Response) -> bodies.Entered:
    """By the link that a steward made. All that opened before opens nothing any more."""
    await ask.parts.limits.count("log_in_address", ask.address_key)
    hashed = None
    if new.passphrase:
        check_passphrase(new.passphrase, "")
        hashed = await ask.parts.passphrases.hash(new.passphrase)
    entered = await ask.do(
        "session.recover",
        lambda work: accounts.come_back(work, new.code, hashed, ask.language, ask.device),
    )
    return await passed_on(ask, response, entered, as_program=False)


def _ways(work: Work, ask: AskMember) -> wire.Ways:
    return ways.read(work, ask.actor, _party(ask), is_demo=ask.parts.settings.demo)


def _proved(work: Work, ask: AskMember) -> wire.Proved:
    return wire.Proved(until=sessions.proved_until(work, ask.actor))


def _party(ask: AskAnybody) -> Party:
    return party_of(ask.parts.settings)


async def _take(
    ask: AskAnybody, operation: str, client_data: str, purpose: Purpose, member_id: UUID | None
) -> bytes | None:
    """In a unit of work of its own: it is gone also when the answer was wrong."""
    return await ask.do(
        operation, lambda work: passkeys.take(work, client_data, purpose, member_id)
    )
