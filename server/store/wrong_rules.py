"""Queries about rules that people called wrong."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlmodel import col, func, select

from server.store.tables import CaseFlag, WrongRule
from server.store.work import Work


class Called(NamedTuple):
    """How often a rule of a model was called wrong."""

    rule: str
    model: str
    wrong: int
    newest_at: datetime


def wrong_rules_of(work: Work, case_id: UUID, by: UUID) -> list[str]:
    """The rules of a case that a member called wrong."""
    query = select(WrongRule.rule).where(WrongRule.case_id == case_id, WrongRule.by == by)
    return list(work.session.exec(query.order_by(col(WrongRule.rule))))


def called_wrong(work: Work) -> list[Called]:
    """By rule and model, most often first; two people about one case count once."""
    query = (
        select(
            WrongRule.rule,
            WrongRule.model,
            func.count(func.distinct(WrongRule.case_id)).label("wrong"),
            func.max(WrongRule.at),
        )
        .group_by(WrongRule.rule, WrongRule.model)
        .order_by(func.count(func.distinct(WrongRule.case_id)).desc(), WrongRule.rule)
    )
    return [Called(*row) for row in work.session.exec(query)]


def machine_flags(work: Work) -> list[tuple[UUID, list[str]]]:
    """Case and reasons of every flag that the machine raised."""
    query = select(CaseFlag.case_id, CaseFlag.reasons).where(
        col(CaseFlag.source).in_(("classifier", "lexicon"))
    )
    return [(case_id, list(reasons)) for case_id, reasons in work.session.exec(query)]
