"""A case waits for the clinician who was asked."""

import sqlalchemy as sa
from alembic import op

revision = "d3a1b6e80c55"
down_revision = "c7e2f90b3d14"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No case of before waits: whoever escalated it was not promised a call."""
    op.add_column(
        "care_case",
        sa.Column("awaits_clinician", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    """As it was."""
    op.drop_column("care_case", "awaits_clinician")
