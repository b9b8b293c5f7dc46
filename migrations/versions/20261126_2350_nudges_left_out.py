"""Why a nudge was left out."""

import sqlalchemy as sa
from alembic import op

revision = "d5a20b7e94f1"
down_revision = "c83e6f0d17a4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One column, and an index of the few rows that have it."""
    op.add_column("assessment", sa.Column("left_out", sa.String(), nullable=True))
    op.create_index(
        "ix_assessment_left_out",
        "assessment",
        ["at"],
        sqlite_where=sa.text("left_out IS NOT NULL"),
        postgresql_where=sa.text("left_out IS NOT NULL"),
    )


def downgrade() -> None:
    """As it was."""
    op.drop_index("ix_assessment_left_out", "assessment")
    with op.batch_alter_table("assessment") as assessment:
        assessment.drop_column("left_out")
