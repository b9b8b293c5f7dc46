"""What members may ask about their data: exports, erasures, holds; and how long each kind is kept."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "e7a25c01b4d9"
down_revision = "e0c5a1f7b230"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Five tables."""
    op.create_table(
        "data_export",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        _time("asked_at"),
        sa.Column("state", sa.String(), nullable=False),
        _time("ready_at", nullable=True),
        _time("until", nullable=True),
        _time("taken_at", nullable=True),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name="fk_data_export_member_id_member"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_data_export"),
    )
    op.create_index("ix_data_export_member_id", "data_export", ["member_id"])
    op.create_index("ix_data_export_state", "data_export", ["state"])
    op.create_table(
        "erasure",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        _time("asked_at"),
        _time("due_at"),
        _time("begun_at", nullable=True),
        _time("done_at", nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name="fk_erasure_member_id_member"),
        sa.PrimaryKeyConstraint("member_id", name="pk_erasure"),
    )
    op.create_index("ix_erasure_due_at", "erasure", ["due_at"])
    op.create_table(
        "legal_hold",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        _time("made_at"),
        _time("until"),
        sa.ForeignKeyConstraint(
            ["case_id"], ["care_case.id"], name="fk_legal_hold_case_id_care_case"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_legal_hold"),
    )
    op.create_index("ix_legal_hold_case_id", "legal_hold", ["case_id"])
    op.create_index("ix_legal_hold_until", "legal_hold", ["until"])
    op.create_table(
        "held_words",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hold_id", sa.Uuid(), nullable=False),
        sa.Column("row_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["hold_id"], ["legal_hold.id"], name="fk_held_words_hold_id_legal_hold"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_held_words"),
    )
    op.create_index("ix_held_words_hold_id", "held_words", ["hold_id"])
    op.create_table(
        "retention",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("is_set", sa.Boolean(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=True),
        _time("ran_at", nullable=True),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name="pk_retention"),
    )


def downgrade() -> None:
    """As it was."""
    for name in ("retention", "held_words", "legal_hold", "erasure", "data_export"):
        op.drop_table(name)


def _time(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
