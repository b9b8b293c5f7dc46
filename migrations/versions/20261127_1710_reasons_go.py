"""Reasons of decisions may go: what the audit log is bound to stays."""

import sqlalchemy as sa
from alembic import op

revision = "b7c41d92e0fa"
down_revision = "a4d70b93c5e2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing to fill in: it is empty where the reason still stands."""
    op.add_column("decision", sa.Column("sealed_digest", sa.String(), nullable=True))


def downgrade() -> None:
    """Reasons that went are no longer vouched for."""
    op.drop_column("decision", "sealed_digest")
