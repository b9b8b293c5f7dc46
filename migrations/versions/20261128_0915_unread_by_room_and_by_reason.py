"""What was not read is found by its room and by why: where the model does not know the language it is all that is said."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "c81f3ad0962e"
down_revision = "f7b23d905ce1"
branch_labels = None
depends_on = None

_UNREAD: Any = {
    "sqlite_where": sa.text("assessed IS 0"),
    "postgresql_where": sa.text("assessed IS false"),
}


def upgrade() -> None:
    """Two for one."""
    op.create_index("ix_assessment_unread", "assessment", ["room_id", "at"], **_UNREAD)
    op.create_index("ix_assessment_missed", "assessment", ["why_not", "at"], **_UNREAD)
    op.drop_index("ix_assessment_at", "assessment")


def downgrade() -> None:
    """As it was."""
    op.create_index("ix_assessment_at", "assessment", ["at"], **_UNREAD)
    for name in ("ix_assessment_missed", "ix_assessment_unread"):
        op.drop_index(name, "assessment")
