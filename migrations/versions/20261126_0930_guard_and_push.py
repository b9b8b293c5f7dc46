"""The wellbeing guard of staff, their journal, and Web Push to their browsers."""

import sqlalchemy as sa
from alembic import op

revision = "d4b81f6a2c09"
down_revision = "d3a7c15e9b20"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Tables, an index of who holds what and one that filters need; shifts that run begin to count."""
    _guard()
    _push()
    held = sa.text("claimed_by IS NOT NULL")
    op.create_index(
        "ix_care_case_claimed_by", "care_case", ["claimed_by"],
        sqlite_where=held, postgresql_where=held,
    )  # fmt: skip
    op.execute(
        "INSERT INTO guard_shift (shift_id, member_id, hard, pauses, hand_offs, last_was_hard, offer)"
        " SELECT id, member_id, 0, 0, 0, FALSE, FALSE FROM shift WHERE ended_at IS NULL"
    )


def _guard() -> None:
    op.create_table(
        "guard_choice",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("budget", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name="fk_guard_choice_member_id_member"
        ),
        sa.PrimaryKeyConstraint("member_id", name="pk_guard_choice"),
    )
    op.create_table(
        "guard_shift",
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("hard", sa.Integer(), nullable=False),
        sa.Column("pauses", sa.Integer(), nullable=False),
        sa.Column("hand_offs", sa.Integer(), nullable=False),
        sa.Column("last_was_hard", sa.Boolean(), nullable=False),
        sa.Column("paused_until", _TIME, nullable=True),
        sa.Column("offer", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["shift_id"], ["shift.id"], name="fk_guard_shift_shift_id_shift"),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name="fk_guard_shift_member_id_member"
        ),
        sa.PrimaryKeyConstraint("shift_id", name="pk_guard_shift"),
    )
    op.create_index("ix_guard_shift_member_id", "guard_shift", ["member_id"])
    op.create_table(
        "guard_case",
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("given_back_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(["shift_id"], ["shift.id"], name="fk_guard_case_shift_id_shift"),
        sa.ForeignKeyConstraint(
            ["case_id"], ["care_case.id"], name="fk_guard_case_case_id_care_case"
        ),
        sa.PrimaryKeyConstraint("shift_id", "case_id", name="pk_guard_case"),
    )
    op.create_table(
        "journal_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name="fk_journal_entry_member_id_member"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_journal_entry"),
    )
    op.create_index("ix_journal_entry_member_id", "journal_entry", ["member_id"])


def _push() -> None:
    op.create_table(
        "push_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("ended", sa.Integer(), nullable=False),
        sa.Column("last_outcome", sa.String(), nullable=True),
        sa.Column("last_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_push_state"),
    )
    op.create_table(
        "push_device",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=True),
        sa.Column("quiet_to", sa.Integer(), nullable=True),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("made_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name="fk_push_device_member_id_member"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_push_device"),
        sa.UniqueConstraint("mark", name="uq_push_device_mark"),
    )
    op.create_index("ix_push_device_member_id", "push_device", ["member_id"])
    op.create_table(
        "push_call",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("due_at", _TIME, nullable=False),
        sa.Column("until", _TIME, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["push_device.id"], name="fk_push_call_device_id_push_device"
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["care_case.id"], name="fk_push_call_case_id_care_case"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_push_call"),
    )
    op.create_index("ix_push_call_device_id", "push_call", ["device_id"])
    op.create_index("ix_push_call_due_at", "push_call", ["due_at"])


def downgrade() -> None:
    """As it was."""
    op.drop_index("ix_care_case_claimed_by", "care_case")
    for name in ("push_call", "push_device", "push_state"):
        op.drop_table(name)
    for name in ("journal_entry", "guard_case", "guard_shift", "guard_choice"):
        op.drop_table(name)
