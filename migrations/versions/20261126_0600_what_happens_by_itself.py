"""What happens by itself: timers of cases, how far the calling went, and whom a steward puts on call."""

import sqlalchemy as sa
from alembic import op

revision = "c7e2f90b4a13"
down_revision = "b1d4a8c25e70"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The table, then the columns; cases that wait already get their timers at the next start."""
    op.create_table(
        "case_timer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("command", sa.String(), nullable=True),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["care_case.id"], name="fk_case_timer_case_id_care_case"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_case_timer"),
        sa.UniqueConstraint("case_id", "kind", "step", name="uq_case_timer_case_id_kind_step"),
    )
    undone = sa.text("done_at IS NULL")
    op.create_index(
        "ix_case_timer_due_at", "case_timer", ["due_at"],
        sqlite_where=undone, postgresql_where=undone,
    )  # fmt: skip
    op.create_index("ix_case_timer_command", "case_timer", ["command"])
    op.create_index("ix_case_timer_called_at", "case_timer", ["called_at"])
    op.add_column("care_case", sa.Column("again_of", sa.Uuid(), nullable=True))
    op.add_column("care_case", sa.Column("rung", sa.Integer(), nullable=False, server_default="0"))
    op.add_column(
        "place", sa.Column("call_minutes", sa.JSON(), nullable=False, server_default="{}")
    )
    op.add_column("place", sa.Column("on_call", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    """As it was."""
    for name in ("on_call", "call_minutes"):
        op.drop_column("place", name)
    for name in ("rung", "again_of"):
        op.drop_column("care_case", name)
    op.drop_table("case_timer")
