"""Whom and what a member does not want to hear; asks by room, for those that wait to be heard."""

import sqlalchemy as sa
from alembic import op

revision = "d4f80a6c5e21"
down_revision = "d41c0c11a7e5"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two tables, and an index that only asks pay for."""
    op.create_table(
        "quiet_person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("blocked", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name="fk_quiet_person_member_id_member"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["member.id"], name="fk_quiet_person_person_id_member"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_quiet_person"),
        sa.UniqueConstraint("member_id", "person_id", name="uq_quiet_person_member_id_person_id"),
    )
    op.create_index(
        "ix_quiet_person_person_id", "quiet_person", ["person_id"],
        sqlite_where=sa.text("blocked IS 1"), postgresql_where=sa.text("blocked IS true"),
    )  # fmt: skip
    op.create_table(
        "quiet_topic",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name="fk_quiet_topic_member_id_member"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_quiet_topic"),
    )
    op.create_index("ix_quiet_topic_member_id", "quiet_topic", ["member_id"])
    op.create_index(
        "ix_message_room_id_published_at", "message", ["room_id", "published_at"],
        sqlite_where=sa.text("ask IS 1"), postgresql_where=sa.text("ask IS true"),
    )  # fmt: skip


def downgrade() -> None:
    """As it was."""
    op.drop_index("ix_message_room_id_published_at", "message")
    op.drop_table("quiet_topic")
    op.drop_table("quiet_person")
