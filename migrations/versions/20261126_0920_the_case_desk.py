"""The case desk: what can be taken back, notes between colleagues, removals, wrong rules, words to start from."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "d3a7c15e9b20"
down_revision = "e51b7d20a9c3"
branch_labels = None
depends_on = None

_OPEN = sa.text("answered_at IS NULL")


def upgrade() -> None:
    """Six tables."""
    op.create_table(
        "decision_undo",
        sa.Column("decision_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("waits", sa.Boolean(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        _case("decision_undo"),
        _to("decision_undo", "decision_id", "decision"),
        sa.PrimaryKeyConstraint("decision_id", name="pk_decision_undo"),
        sa.UniqueConstraint("case_id", "step", name="uq_decision_undo_case_id_step"),
    )
    op.create_table(
        "hand_over",
        *_about_a_case(),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("to", sa.Uuid(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        _case("hand_over"),
        _to("hand_over", "by", "member"),
        _to("hand_over", "to", "member"),
        sa.PrimaryKeyConstraint("id", name="pk_hand_over"),
    )
    op.create_index("ix_hand_over_case_id", "hand_over", ["case_id"])
    op.create_table(
        "opinion",
        *_about_a_case(),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("of", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        _case("opinion"),
        _to("opinion", "by", "member"),
        _to("opinion", "of", "member"),
        sa.PrimaryKeyConstraint("id", name="pk_opinion"),
    )
    op.create_index("ix_opinion_case_id", "opinion", ["case_id"])
    op.create_index("ix_opinion_of", "opinion", ["of"], sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_table(
        "removal",
        *_about_a_case(),
        sa.Column("decision_id", sa.Uuid(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        _case("removal"),
        _to("removal", "decision_id", "decision"),
        _to("removal", "answered_by", "member"),
        sa.PrimaryKeyConstraint("id", name="pk_removal"),
    )
    op.create_index("ix_removal_case_id", "removal", ["case_id"])
    op.create_index("ix_removal_at", "removal", ["at"], sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_table(
        "wrong_rule",
        *_about_a_case(),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        _case("wrong_rule"),
        _to("wrong_rule", "by", "member"),
        sa.PrimaryKeyConstraint("id", name="pk_wrong_rule"),
        sa.UniqueConstraint("case_id", "by", "rule", name="uq_wrong_rule_case_id_by_rule"),
    )
    op.create_index("ix_wrong_rule_rule_model", "wrong_rule", ["rule", "model"])
    op.create_table(
        "template",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("own", sa.Boolean(), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_template"),
    )
    op.create_index("ix_template_language", "template", ["language"])


def downgrade() -> None:
    """As it was."""
    for name in ("template", "wrong_rule", "removal", "opinion", "hand_over", "decision_undo"):
        op.drop_table(name)


def _about_a_case() -> list[sa.Column[Any]]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    ]


def _case(table: str) -> sa.ForeignKeyConstraint:
    return _to(table, "case_id", "care_case")


def _to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=f"fk_{table}_{column}_{other}")
