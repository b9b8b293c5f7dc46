"""How far a replay of a policy is, so that each worker can say it."""

import sqlalchemy as sa
from alembic import op

revision = "f7b23d905ce1"
down_revision = "e4a90c7d25b8"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table, empty at first."""
    op.create_table(
        "policy_replay_job",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("failed", sa.Boolean(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_policy_replay_job"),
    )


def downgrade() -> None:
    """What runs meanwhile is replayed again."""
    op.drop_table("policy_replay_job")
