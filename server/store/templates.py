"""Queries about words to start from."""

from collections.abc import Sequence

from sqlmodel import col, select

from server.store.tables import Template
from server.store.work import Work


def of_language(work: Work, language: str) -> Sequence[Template]:
    """A steward's own and changed ones in one language, in the order in which they were made."""
    query = select(Template).where(Template.language == language)
    return work.session.exec(query.order_by(col(Template.at), col(Template.id))).all()


def find(work: Work, template_id: str) -> Template | None:
    """One of them."""
    return work.session.get(Template, template_id)
