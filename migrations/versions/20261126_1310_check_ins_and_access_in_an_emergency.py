"""Check-ins of mood, access in an emergency, and when a member was told that a consent ends."""

import sqlalchemy as sa
from alembic import op

revision = "b7d2f94e6a18"
down_revision = "e2a7c90b6d14"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Two tables, and two columns that may be empty."""
    op.create_table(
        "emergency",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", _AT, nullable=False),
        sa.Column("at_once", sa.Boolean(), nullable=False),
        sa.Column("until", _AT, nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("answered_at", _AT, nullable=True),
        sa.Column("ended_at", _AT, nullable=True),
        sa.Column("told_at", _AT, nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name="fk_emergency_member_id_member"),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name="fk_emergency_room_id_room"),
        sa.ForeignKeyConstraint(["asked_by"], ["member.id"], name="fk_emergency_asked_by_member"),
        sa.ForeignKeyConstraint(
            ["answered_by"], ["member.id"], name="fk_emergency_answered_by_member"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_emergency"),
    )
    for column in ("member_id", "room_id", "asked_at"):
        op.create_index(f"ix_emergency_{column}", "emergency", [column])
    op.create_table(
        "mood",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name="fk_mood_member_id_member"),
        sa.PrimaryKeyConstraint("id", name="pk_mood"),
        sa.UniqueConstraint("member_id", "client_id", name="uq_mood_member_id_client_id"),
    )
    op.create_index("ix_mood_member_id", "mood", ["member_id"])
    with op.batch_alter_table("receipt") as table:
        table.add_column(sa.Column("emergency_id", sa.Uuid(), nullable=True))
        table.create_foreign_key(
            "fk_receipt_emergency_id_emergency", "emergency", ["emergency_id"], ["id"]
        )
    with op.batch_alter_table("consent") as table:
        table.add_column(sa.Column("end_told_at", _AT, nullable=True))


def downgrade() -> None:
    """As it was."""
    with op.batch_alter_table("consent") as table:
        table.drop_column("end_told_at")
    with op.batch_alter_table("receipt") as table:
        table.drop_constraint("fk_receipt_emergency_id_emergency", type_="foreignkey")
        table.drop_column("emergency_id")
    op.drop_table("mood")
    op.drop_table("emergency")
