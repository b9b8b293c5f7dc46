"""Whose key a member's journal is under."""

import sqlalchemy as sa
from alembic import op

revision = "d86b1f3c7a05"
down_revision = "c93e5b17d0a2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table, empty at first: every journal is under the place's key."""
    op.create_table(
        "journal_lock",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("proof", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name="fk_journal_lock_member_id_member"
        ),
        sa.PrimaryKeyConstraint("member_id", name="pk_journal_lock"),
    )


def downgrade() -> None:
    """What is locked stays ciphertext in its entry."""
    op.drop_table("journal_lock")
