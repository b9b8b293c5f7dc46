"""Clinicians confirm whom an answer calls, for each group and edition, and are asked to once."""

import sqlalchemy as sa
from alembic import op

revision = "c93e5b17d0a2"
down_revision = "f2a7d4b90c61"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table, empty at first, and a column: what is asked today goes on being asked."""
    op.create_table(
        "measure_confirmation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column("measure", sa.String(), nullable=False),
        sa.Column("terms", sa.String(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["room_id"], ["room.id"], name="fk_measure_confirmation_room_id_room"
        ),
        sa.ForeignKeyConstraint(["by"], ["member.id"], name="fk_measure_confirmation_by_member"),
        sa.PrimaryKeyConstraint("id", name="pk_measure_confirmation"),
        sa.UniqueConstraint(
            "room_id", "measure", "terms", name="uq_measure_confirmation_room_id_measure_terms"
        ),
    )
    op.add_column("measure_plan", sa.Column("terms_told", sa.String(), nullable=True))


def downgrade() -> None:
    """The confirmations go with it; the audit log keeps that there were any."""
    op.drop_column("measure_plan", "terms_told")
    op.drop_table("measure_confirmation")
