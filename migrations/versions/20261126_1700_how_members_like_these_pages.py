"""How members like these pages, and asks that are passed on."""

import sqlalchemy as sa
from alembic import op

revision = "5e0b9c7d31f4"
down_revision = "c3e80a5d719f"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Two tables."""
    op.create_table(
        "member_comfort",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name="fk_member_comfort_member_id_member"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_member_comfort"),
        sa.UniqueConstraint("member_id", name="uq_member_comfort_member_id"),
    )
    op.create_table(
        "ask_passed_on",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name="fk_ask_passed_on_message_id_message"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name="fk_ask_passed_on_member_id_member"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_ask_passed_on"),
        sa.UniqueConstraint(
            "message_id", "member_id", name="uq_ask_passed_on_message_id_member_id"
        ),
    )
    op.create_index("ix_ask_passed_on_member_id", "ask_passed_on", ["member_id"])


def downgrade() -> None:
    """As it was."""
    op.drop_table("ask_passed_on")
    op.drop_table("member_comfort")
