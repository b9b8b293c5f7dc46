"""Code from before age groups makes rooms beside newer code."""

import sqlalchemy as sa
from alembic import op

revision = "a4d70b93c5e2"
down_revision = "e1f94c3a5d82"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A room of which nothing is said is for everybody, as before."""
    _by_itself("everybody")


def downgrade() -> None:
    """As it was: whoever makes a room says for whom."""
    _by_itself(None)


def _by_itself(default: str | None) -> None:
    with op.batch_alter_table("room") as room:
        room.alter_column(
            "age_group",
            existing_type=sa.String(),
            existing_nullable=False,
            server_default=default,
        )
