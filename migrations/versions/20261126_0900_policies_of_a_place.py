"""Policies of a place: its editions, replays of them, and counts of what is in shadow."""

import sqlalchemy as sa
from alembic import op

revision = "d4f1a6b82c39"
down_revision = "d3a1b6e80c55"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Three tables; none of them holds anything anybody said."""
    op.create_table(
        "policy_edition",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("by", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("previous", sa.Integer(), nullable=False),
        sa.Column("back_to", sa.Integer(), nullable=True),
        sa.Column("replay_id", sa.Uuid(), nullable=True),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["by"], ["member.id"], name="fk_policy_edition_by_member"),
        sa.PrimaryKeyConstraint("number", name="pk_policy_edition"),
        sa.UniqueConstraint("id", name="uq_policy_edition_id"),
    )
    op.create_table(
        "policy_replay",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("against", sa.Integer(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["by"], ["member.id"], name="fk_policy_replay_by_member"),
        sa.PrimaryKeyConstraint("id", name="pk_policy_replay"),
    )
    op.create_index("ix_policy_replay_fingerprint", "policy_replay", ["fingerprint"])
    op.create_index("ix_policy_replay_at", "policy_replay", ["at"])
    op.create_table(
        "policy_shadow",
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("edition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "edition", "what", "outcome", name="pk_policy_shadow"),
    )


def downgrade() -> None:
    """As it was; the shipped policy judges again."""
    for name in ("policy_shadow", "policy_replay", "policy_edition"):
        op.drop_table(name)
