"""The climate of a room: its weeks, counted once, and notes beside them."""

import sqlalchemy as sa
from alembic import op

revision = "d41c0c11a7e5"
down_revision = "d3a8c61f0e57"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two tables; the weeks are counted when the server runs."""
    op.create_table(
        "climate_week",
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name="fk_climate_week_room_id_room"),
        sa.PrimaryKeyConstraint("room_id", "start", name="pk_climate_week"),
    )
    op.create_table(
        "climate_note",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["member.id"], name="fk_climate_note_author_id_member"
        ),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name="fk_climate_note_room_id_room"),
        sa.PrimaryKeyConstraint("id", name="pk_climate_note"),
    )
    op.create_index("ix_climate_note_room_id", "climate_note", ["room_id"])


def downgrade() -> None:
    """The weeks are lost with their tables: hidden figures were never in them."""
    op.drop_index("ix_climate_note_room_id", "climate_note")
    op.drop_table("climate_note")
    op.drop_table("climate_week")
