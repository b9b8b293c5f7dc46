"""What members are called for, how far each browser was told, and how the place looks from outside."""

import sqlalchemy as sa
from alembic import op

revision = "e2a7c90b6d14"
down_revision = "e21c7d50b9a4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Three tables."""
    op.create_table(
        "away_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("members_called", sa.Boolean(), nullable=False),
        sa.Column("plain_name", sa.String(), nullable=True),
        sa.Column("leave_to", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_away_state"),
    )
    op.create_table(
        "push_wish",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column("wish", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name="fk_push_wish_member_id_member"),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name="fk_push_wish_room_id_room"),
        sa.PrimaryKeyConstraint("id", name="pk_push_wish"),
        sa.UniqueConstraint("member_id", "room_id", name="uq_push_wish_member_id_room_id"),
    )
    op.create_table(
        "push_news",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("room_id", sa.Uuid(), nullable=True),
        sa.Column("looked_seq", sa.Integer(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("about_seq", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["push_device.id"], name="fk_push_news_device_id_push_device"
        ),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name="fk_push_news_room_id_room"),
        sa.PrimaryKeyConstraint("id", name="pk_push_news"),
        sa.UniqueConstraint("device_id", "room_id", name="uq_push_news_device_id_room_id"),
    )
    op.create_index("ix_push_news_due_at", "push_news", ["due_at"])


def downgrade() -> None:
    """As it was."""
    op.drop_index("ix_push_news_due_at", "push_news")
    op.drop_table("push_news")
    op.drop_table("push_wish")
    op.drop_table("away_state")
