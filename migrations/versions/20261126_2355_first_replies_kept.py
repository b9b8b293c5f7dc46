"""How long asks of a room wait for a first reply, as it was last counted."""

import sqlalchemy as sa
from alembic import op

revision = "e1f94c3a5d82"
down_revision = "d5a20b7e94f1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table; it fills by itself within minutes of a start."""
    op.create_table(
        "first_reply",
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column("asks", sa.Integer(), nullable=True),
        sa.Column("median_s", sa.Float(), nullable=True),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name="fk_first_reply_room_id_room"),
        sa.PrimaryKeyConstraint("room_id", name="pk_first_reply"),
    )


def downgrade() -> None:
    """As it was: counted anew each time."""
    op.drop_table("first_reply")
