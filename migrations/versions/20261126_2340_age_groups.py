"""Rooms for one age group, what members say of theirs, and what waits for another person."""

import sqlalchemy as sa
from alembic import op

revision = "c83e6f0d17a4"
down_revision = "b7d4f1a92c60"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Rooms stay for everybody. Nobody is put into a group they did not name."""
    with op.batch_alter_table("room") as room:
        room.add_column(
            sa.Column("age_group", sa.String(), nullable=False, server_default="everybody")
        )
    with op.batch_alter_table("room") as room:
        room.alter_column("age_group", server_default=None)
    with op.batch_alter_table("member") as member:
        member.add_column(sa.Column("age_group", sa.String(), nullable=True))
    op.create_table(
        "age_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("age_group", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name="fk_age_change_member_id_member"
        ),
        sa.ForeignKeyConstraint(
            ["answered_by"], ["member.id"], name="fk_age_change_answered_by_member"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_age_change"),
    )
    op.create_index("ix_age_change_member_id", "age_change", ["member_id"])


def downgrade() -> None:
    """As it was: every room is open to everybody again."""
    op.drop_table("age_change")
    with op.batch_alter_table("member") as member:
        member.drop_column("age_group")
    with op.batch_alter_table("room") as room:
        room.drop_column("age_group")
