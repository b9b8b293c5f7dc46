"""Somebody has lost every way in: a steward at the terminal makes a link that opens once."""

from datetime import timedelta
from typing import Final

from server.errors import NotFound, NotNow, WrongLogIn
from server.ids import digest, new_code, read_code
from server.services import names, sessions, way_words
from server.store import audit, people, ways
from server.store.tables import Member, RecoveryLink
from server.store.work import Work

LINK_LIFE: Final = timedelta(days=1)


def make_link(work: Work, pseudonym: str) -> str:
    """Its code, which exists nowhere else; one that was made before opens nothing any more. The member is told.

    Raises NotFound, NotNow for somebody who is no member any more.
    """
    member = people.find_by_name_key(work, names.name_key(pseudonym))
    if member is None or member.is_bot:
        raise NotFound(f"Nobody here is called {pseudonym}.")
    if member.state != "active":
        raise NotNow(f"{member.pseudonym} is not an active member here.")
    code = new_code()
    link = RecoveryLink(
        member_id=member.id, digest=digest(code), made_at=work.now, until=work.now + LINK_LIFE
    )
    ways.add_link(work, link)
    way_words.tell(work, member.id, "link_made", "en")
    audit.append(work, None, "account.recover.make", member.id)
    return code


def come_back(
    work: Work, code: str, passphrase_hash: str | None, language: str
) -> tuple[Member, str]:
    """The member, and their new recovery code. All that opened before opens nothing any more.

    Raises WrongLogIn for a link that was used, is over, or never was.
    """
    link = ways.take_link(work, digest(read_code(code)))
    member = people.find_member(work, link.member_id) if link else None
    if member is None or member.state != "active":
        raise WrongLogIn(
            "This link was used already, or its day is over. Please ask for a new one."
        )
    fresh = new_code()
    member.recovery_digest = digest(fresh)
    member.passphrase_hash = passphrase_hash
    work.session.add(member)
    for passkey in ways.passkeys_of(work, member.id):
        ways.remove_passkey(work, passkey)
    ways.remove_app(work, member.id)
    ways.remove_codes(work, member.id)
    sessions.end_all(work, member.id)
    way_words.tell(work, member.id, "came_back", language)
    audit.append(work, member.id, "account.recover.use", member.id)
    return member, fresh
