"""Until when a member is not nudged."""

import sqlalchemy as sa
from alembic import op

revision = "b7d4f1a92c60"
down_revision = "a41c07d2b9e6"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One column."""
    with op.batch_alter_table("member") as member:
        member.add_column(
            sa.Column("nudges_quiet_until", sa.DateTime(timezone=True), nullable=True)
        )


def downgrade() -> None:
    """As it was."""
    with op.batch_alter_table("member") as member:
        member.drop_column("nudges_quiet_until")
