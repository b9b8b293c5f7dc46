"""The index of the queue knows language and kind: what is rare is found without reading every case."""

import sqlalchemy as sa
from alembic import op

revision = "d9a3c64be810"
down_revision = "d4f80a6c5e21"
branch_labels = None
depends_on = None

_QUEUE = ["urgency", "due_at", "opened_at", "id", "room_id", "subject_id", "aside"]


def upgrade() -> None:
    """Two columns more."""
    _index_the_queue([*_QUEUE, "language", "kind"])


def downgrade() -> None:
    """As it was."""
    _index_the_queue(_QUEUE)


def _index_the_queue(columns: list[str]) -> None:
    living = sa.text("open_key IS NOT NULL")
    op.drop_index("ix_care_case_living", "care_case")
    op.create_index(
        "ix_care_case_living", "care_case", columns, sqlite_where=living, postgresql_where=living
    )
