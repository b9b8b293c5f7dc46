"""What crosses between workers, and what all of them count together."""

import sqlalchemy as sa
from alembic import op

revision = "c4e81d07b5a2"
down_revision = "b7d2f94e6a18"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Two tables, both for minutes only."""
    op.create_table(
        "crossing",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("worker", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_crossing"),
        sa.UniqueConstraint("id", name="uq_crossing_id"),
    )
    op.create_index("ix_crossing_at", "crossing", ["at"])
    op.create_table(
        "guess",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_guess"),
    )
    op.create_index("ix_guess_at", "guess", ["at"])
    op.create_index("ix_guess_kind_key_at", "guess", ["kind", "key", "at"])


def downgrade() -> None:
    """What they hold is of no use later."""
    op.drop_table("guess")
    op.drop_table("crossing")
