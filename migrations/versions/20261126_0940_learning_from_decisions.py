"""Learning from decisions: until when a consent stands, the place's switch, and which rows left the store."""

import sqlalchemy as sa
from alembic import op

revision = "d3a8c61f0e57"
down_revision = "d4b81f6a2c09"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two columns, two tables; nothing is allowed by it."""
    op.add_column("consent", sa.Column("until", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "place", sa.Column("labels_allowed_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_table(
        "label_export",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wording", sa.String(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_label_export"),
    )
    op.create_table(
        "label_row",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("export_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("answered_id", sa.Uuid(), nullable=True),
        sa.Column("answered_author_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["export_id"], ["label_export.id"], name="fk_label_row_export_id_label_export"
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name="fk_label_row_message_id_message"
        ),
        sa.ForeignKeyConstraint(["author_id"], ["member.id"], name="fk_label_row_author_id_member"),
        sa.ForeignKeyConstraint(
            ["answered_id"], ["message.id"], name="fk_label_row_answered_id_message"
        ),
        sa.ForeignKeyConstraint(
            ["answered_author_id"], ["member.id"], name="fk_label_row_answered_author_id_member"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_label_row"),
    )
    op.create_index("ix_label_row_export_id", "label_row", ["export_id"])
    op.create_index("ix_label_row_author_id", "label_row", ["author_id"])


def downgrade() -> None:
    """As it was: which rows left the store is forgotten."""
    op.drop_table("label_row")
    op.drop_table("label_export")
    op.drop_column("place", "labels_allowed_at")
    op.drop_column("consent", "until")
