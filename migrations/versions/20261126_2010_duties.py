"""Reports by anybody, their clock, and the log of complaints."""

import sqlalchemy as sa
from alembic import op

revision = "8c41d2e79b06"
down_revision = "5e0b9c7d31f4"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)
_MEMBER = "member.id"


def upgrade() -> None:
    """Four tables."""
    op.create_table(
        "outside_report",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("code_digest", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("at", _AT, nullable=False),
        sa.Column("due_at", _AT, nullable=False),
        sa.Column("seen_at", _AT, nullable=True),
        sa.Column("decided_at", _AT, nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("by", sa.Uuid(), nullable=True),
        sa.Column("clause_words", sa.String(), nullable=True),
        sa.Column("sealed_answer", sa.LargeBinary(), nullable=True),
        sa.Column("late_told_at", _AT, nullable=True),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name="fk_outside_report_message_id_message"
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["care_case.id"], name="fk_outside_report_case_id_care_case"
        ),
        sa.ForeignKeyConstraint(["by"], [_MEMBER], name="fk_outside_report_by_member"),
        sa.PrimaryKeyConstraint("id", name="pk_outside_report"),
        sa.UniqueConstraint("number", name="uq_outside_report_number"),
        sa.UniqueConstraint("code_digest", name="uq_outside_report_code_digest"),
    )
    for column in ("message_id", "case_id", "at"):
        op.create_index(f"ix_outside_report_{column}", "outside_report", [column])
    undecided = sa.text("decided_at IS NULL")
    op.create_index(
        "ix_outside_report_due_at",
        "outside_report",
        ["due_at"],
        sqlite_where=undecided,
        postgresql_where=undecided,
    )
    op.create_table(
        "take_down_time",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name="pk_take_down_time"),
    )
    op.create_table(
        "complaint",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=True),
        sa.Column("report_id", sa.Uuid(), nullable=True),
        sa.Column("notice_id", sa.Uuid(), nullable=True),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("handler", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("opened_at", _AT, nullable=False),
        sa.Column("answered_at", _AT, nullable=True),
        sa.ForeignKeyConstraint(["by"], [_MEMBER], name="fk_complaint_by_member"),
        sa.ForeignKeyConstraint(
            ["report_id"], ["outside_report.id"], name="fk_complaint_report_id_outside_report"
        ),
        sa.ForeignKeyConstraint(["handler"], [_MEMBER], name="fk_complaint_handler_member"),
        sa.PrimaryKeyConstraint("id", name="pk_complaint"),
        sa.UniqueConstraint("number", name="uq_complaint_number"),
        sa.UniqueConstraint("by", "client_id", name="uq_complaint_by_client_id"),
    )
    for column in ("by", "report_id", "state", "opened_at"):
        op.create_index(f"ix_complaint_{column}", "complaint", [column])
    op.create_table(
        "complaint_step",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=True),
        sa.Column("to", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("at", _AT, nullable=False),
        sa.ForeignKeyConstraint(
            ["complaint_id"], ["complaint.id"], name="fk_complaint_step_complaint_id_complaint"
        ),
        sa.ForeignKeyConstraint(["by"], [_MEMBER], name="fk_complaint_step_by_member"),
        sa.ForeignKeyConstraint(["to"], [_MEMBER], name="fk_complaint_step_to_member"),
        sa.PrimaryKeyConstraint("id", name="pk_complaint_step"),
    )
    op.create_index("ix_complaint_step_complaint_id", "complaint_step", ["complaint_id"])


def downgrade() -> None:
    """As it was."""
    for table in ("complaint_step", "complaint", "take_down_time", "outside_report"):
        op.drop_table(table)
