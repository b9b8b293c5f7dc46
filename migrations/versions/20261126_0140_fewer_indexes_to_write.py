"""Fewer indexes to write: those no query needs go, and two keep only the rows that are asked for.

Each index of a message or its assessment is a page more to write before it is durable.
"""

import sqlalchemy as sa
from alembic import op

revision = "b1d4a8c25e70"
down_revision = "3f16f5c9002c"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take away, then narrow."""
    for name in ("ix_message_author_id", "ix_message_room_id_state", "ix_message_reply_to"):
        op.drop_index(name, "message")
    for name in ("ix_assessment_assessed_why_not", "ix_assessment_room_id", "ix_assessment_at"):
        op.drop_index(name, "assessment")
    answers = sa.text("reply_to IS NOT NULL")
    op.create_index(
        "ix_message_reply_to", "message", ["reply_to"],
        sqlite_where=answers, postgresql_where=answers,
    )  # fmt: skip
    op.create_index("ix_assessment_room_id_at", "assessment", ["room_id", "at"])
    op.create_index(
        "ix_assessment_at", "assessment", ["at"],
        sqlite_where=sa.text("assessed IS 0"), postgresql_where=sa.text("assessed IS false"),
    )  # fmt: skip


def downgrade() -> None:
    """As it was."""
    for name in ("ix_assessment_at", "ix_assessment_room_id_at"):
        op.drop_index(name, "assessment")
    op.drop_index("ix_message_reply_to", "message")
    op.create_index("ix_assessment_at", "assessment", ["at"])
    op.create_index("ix_assessment_room_id", "assessment", ["room_id"])
    op.create_index("ix_assessment_assessed_why_not", "assessment", ["assessed", "why_not"])
    op.create_index("ix_message_reply_to", "message", ["reply_to"])
    op.create_index("ix_message_room_id_state", "message", ["room_id", "state"])
    op.create_index("ix_message_author_id", "message", ["author_id"])
