"""Whose data may leave: members of a group who agreed to it, and still do."""

from uuid import UUID

from sqlmodel import col, select

from server.store.consents import stands
from server.store.tables import Consent, Member, Membership
from server.store.work import Work


def agreed(work: Work, scope: str, room_id: UUID, *, hold: bool = False) -> dict[UUID, Consent]:
    """The newest agreement of each member who sits there. Who cannot log in cannot take it back: left out.

    hold: they stay as they are until the commit, where the engine locks rows.
    """
    query = (
        select(Consent)
        .join(Member, col(Member.id) == Consent.member_id)
        .join(Membership, col(Membership.member_id) == Consent.member_id)
        .where(
            Consent.room_id == room_id,
            stands(scope, work.now),
            Member.state == "active",
            Membership.room_id == room_id,
            col(Membership.left_at).is_(None),
        )
        .order_by(col(Consent.given_at), col(Consent.id))
    )
    if hold:
        query = query.with_for_update(read=True, of=Consent).execution_options(
            populate_existing=True
        )
    return {consent.member_id: consent for consent in work.session.exec(query)}
