"""Queries about the place itself and its own help lines."""

from collections.abc import Sequence

from sqlmodel import col, select, update

from server.ids import new_token
from server.store.tables import OwnHelpLine, Place
from server.store.work import Work


def get_place(work: Work) -> Place:
    """The one row; it is made at the first start."""
    return work.session.exec(select(Place)).one()


def find_place(work: Work) -> Place | None:
    """The same, or None before the first start."""
    return work.session.exec(select(Place)).first()


def get_epoch(work: Work) -> str:
    """Another one after the database was restored."""
    return work.session.exec(select(Place.epoch)).one()


def new_epoch() -> str:
    """Holds no space."""
    return new_token()[:16]


def renew_epoch(work: Work, since: str) -> bool:
    """Whoever comes back reads their rooms anew. False where it is another one than `since` already."""
    change = update(Place).where(col(Place.epoch) == since).values(epoch=new_epoch())
    return work.session.exec(change).rowcount == 1


def own_lines(work: Work, country: str | None = None) -> Sequence[OwnHelpLine]:
    """What a steward added or hid, in one country or everywhere."""
    query = select(OwnHelpLine)
    if country is not None:
        query = query.where(OwnHelpLine.country == country)
    return work.session.exec(query.order_by(col(OwnHelpLine.at))).all()


def find_line(work: Work, line_id: str) -> OwnHelpLine | None:
    """One such row."""
    return work.session.get(OwnHelpLine, line_id)
