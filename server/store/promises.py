"""Queries about the words that a steward put in the place of shipped ones."""

from sqlmodel import col, select

from server.store.tables import PlaceWords
from server.store.work import Work


def own_words(work: Work) -> dict[str, str]:
    """All of them, by code."""
    return {row.code: row.words for row in work.session.exec(select(PlaceWords))}


def put(work: Work, code: str, words: str | None) -> None:
    """Other words for one code; None for the shipped ones."""
    query = select(PlaceWords).where(col(PlaceWords.code) == code).with_for_update()
    row = work.session.exec(query).first()
    if words is None:
        if row:
            work.session.delete(row)
        return
    row = row or PlaceWords(code=code, words=words, at=work.now)
    row.words, row.at = words, work.now
    work.session.add(row)
