"""Answers to questionnaires, who is asked when, and courses that are not as expected."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "a3d91c6e7b58"
down_revision = "e7a25c01b4d9"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Four tables."""
    op.create_table(
        "measure_response",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("room_id", sa.Uuid(), nullable=True),
        sa.Column("measure", sa.String(), nullable=False),
        sa.Column("edition", sa.String(), nullable=False),
        sa.Column("open_key", sa.String(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        *_keys("measure_response", member_id="member", room_id="room"),
        sa.UniqueConstraint("open_key", name="uq_measure_response_open_key"),
    )
    op.create_index("ix_measure_response_member_id", "measure_response", ["member_id"])
    op.create_table(
        "measure_plan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column("measure", sa.String(), nullable=False),
        sa.Column("every_days", sa.Integer(), nullable=False),
        sa.Column("open_key", sa.String(), nullable=True),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        *_keys("measure_plan", room_id="room", by="member"),
        sa.UniqueConstraint("open_key", name="uq_measure_plan_open_key"),
    )
    op.create_index("ix_measure_plan_room_id", "measure_plan", ["room_id"])
    op.create_table(
        "measure_ask",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column("measure", sa.String(), nullable=False),
        sa.Column("round_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *_keys("measure_ask", member_id="member", plan_id="measure_plan", room_id="room"),
        sa.UniqueConstraint(
            "member_id", "plan_id", "round_at", name="uq_measure_ask_member_id_plan_id_round_at"
        ),
    )
    op.create_index("ix_measure_ask_member_id", "measure_ask", ["member_id"])
    op.create_table(
        "course_alert",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column("response_id", sa.Uuid(), nullable=False),
        sa.Column("measure", sa.String(), nullable=False),
        sa.Column("open_key", sa.String(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.LargeBinary(), nullable=True),
        *_keys(
            "course_alert", member_id="member", room_id="room", response_id="measure_response",
            closed_by="member",
        ),
        sa.UniqueConstraint("open_key", name="uq_course_alert_open_key"),
    )  # fmt: skip
    op.create_index("ix_course_alert_member_id", "course_alert", ["member_id"])
    op.create_index("ix_course_alert_room_id", "course_alert", ["room_id"])


def downgrade() -> None:
    """As it was."""
    for table in ("course_alert", "measure_ask", "measure_plan", "measure_response"):
        op.drop_table(table)


def _keys(table: str, **refers: str) -> list[Any]:
    """Its primary key, and what each of these columns refers to."""
    foreign = [
        sa.ForeignKeyConstraint([column], [f"{to}.id"], name=f"fk_{table}_{column}_{to}")
        for column, to in refers.items()
    ]
    return [sa.PrimaryKeyConstraint("id", name=f"pk_{table}"), *foreign]
