"""The living cases in the order of the queue: a page of it costs the same however many wait."""

import sqlalchemy as sa
from alembic import op

revision = "c7e2f90b3d14"
down_revision = "c7e2f90b4a13"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The index of the queue takes the place of one by state."""
    living = sa.text("open_key IS NOT NULL")
    op.create_index(
        "ix_care_case_living", "care_case",
        ["urgency", "due_at", "opened_at", "id", "room_id", "subject_id"],
        sqlite_where=living, postgresql_where=living,
    )  # fmt: skip
    op.drop_index("ix_care_case_state_urgency_rank_due_at", "care_case")


def downgrade() -> None:
    """As it was."""
    op.create_index(
        "ix_care_case_state_urgency_rank_due_at", "care_case", ["state", "urgency_rank", "due_at"]
    )
    op.drop_index("ix_care_case_living", "care_case")
