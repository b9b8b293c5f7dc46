"""Under which id of its sender a journal entry came, so that it is kept once."""

import sqlalchemy as sa
from alembic import op

revision = "e4a90c7d25b8"
down_revision = "d86b1f3c7a05"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What stands has none."""
    with op.batch_alter_table("journal_entry") as table:
        table.add_column(sa.Column("client_id", sa.Uuid(), nullable=True))
        table.create_unique_constraint(
            "uq_journal_entry_member_id_client_id", ["member_id", "client_id"]
        )


def downgrade() -> None:
    """Entries stay."""
    with op.batch_alter_table("journal_entry") as table:
        table.drop_constraint("uq_journal_entry_member_id_client_id", type_="unique")
        table.drop_column("client_id")
