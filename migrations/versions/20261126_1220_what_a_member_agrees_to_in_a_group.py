"""Consent to the clinicians of one group, and a receipt for each look that it allowed."""

import sqlalchemy as sa
from alembic import op

revision = "e0c5a1f7b230"
down_revision = "d9a3c64be810"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A column that may be empty, and a table."""
    with op.batch_alter_table("consent") as table:
        table.add_column(sa.Column("room_id", sa.Uuid(), nullable=True))
        table.create_foreign_key("fk_consent_room_id_room", "room", ["room_id"], ["id"])
    op.create_table(
        "receipt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column("viewer_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("consent_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["consent_id"], ["consent.id"], name="fk_receipt_consent_id_consent"
        ),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name="fk_receipt_member_id_member"),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name="fk_receipt_room_id_room"),
        sa.ForeignKeyConstraint(["viewer_id"], ["member.id"], name="fk_receipt_viewer_id_member"),
        sa.PrimaryKeyConstraint("id", name="pk_receipt"),
    )
    op.create_index("ix_receipt_member_id", "receipt", ["member_id"])


def downgrade() -> None:
    """As it was."""
    op.drop_table("receipt")
    with op.batch_alter_table("consent") as table:
        table.drop_constraint("fk_consent_room_id_room", type_="foreignkey")
        table.drop_column("room_id")
