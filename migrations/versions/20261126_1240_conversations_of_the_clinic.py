"""Escalations, team notes, and group sessions with what happens to them by themselves."""

import sqlalchemy as sa
from alembic import op

revision = "e21c7d50b9a4"
down_revision = "a3d91c6e7b58"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Six tables."""
    _handed_up()
    _sessions()


def _id(name: str = "id", *, none: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid(), nullable=none)


def _at(name: str = "at", *, none: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=none)


def _to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=f"fk_{table}_{column}_{other}")


def _handed_up() -> None:
    op.create_table(
        "escalation",
        _id(),
        _id("case_id"),
        _id("decision_id"),
        _id("room_id"),
        _id("by"),
        sa.Column("shared", sa.JSON(), nullable=False),
        _at(),
        _to("escalation", "case_id", "care_case"),
        _to("escalation", "decision_id", "decision"),
        _to("escalation", "room_id", "room"),
        _to("escalation", "by", "member"),
        sa.PrimaryKeyConstraint("id", name="pk_escalation"),
    )
    op.create_index("ix_escalation_case_id", "escalation", ["case_id"])
    op.create_table(
        "team_note",
        _id(),
        _id("note_id"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        _id("room_id"),
        _id("member_id", none=True),
        _id("author_id"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        _at(),
        _to("team_note", "room_id", "room"),
        _to("team_note", "member_id", "member"),
        _to("team_note", "author_id", "member"),
        sa.PrimaryKeyConstraint("id", name="pk_team_note"),
        sa.UniqueConstraint("note_id", "version", name="uq_team_note_note_id_version"),
    )
    op.create_index("ix_team_note_room_id", "team_note", ["room_id"])
    op.create_index("ix_team_note_member_id", "team_note", ["member_id"])


def _sessions() -> None:
    op.create_table(
        "group_session",
        _id(),
        _id("room_id"),
        _id("made_by"),
        _id("host_id"),
        _id("sealed_by"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        _at("starts_at"),
        _at("ends_at"),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        _at("made_at"),
        _at("cancelled_at", none=True),
        _at("counted_at", none=True),
        sa.Column("people", sa.Integer(), nullable=True),
        _to("group_session", "room_id", "room"),
        _to("group_session", "made_by", "member"),
        _to("group_session", "host_id", "member"),
        _to("group_session", "sealed_by", "member"),
        sa.PrimaryKeyConstraint("id", name="pk_group_session"),
    )
    op.create_index("ix_group_session_room_id_starts_at", "group_session", ["room_id", "starts_at"])
    op.create_table(
        "group_session_reminder",
        _id("session_id"),
        _id("member_id"),
        _at(),
        _to("group_session_reminder", "session_id", "group_session"),
        _to("group_session_reminder", "member_id", "member"),
        sa.PrimaryKeyConstraint("session_id", "member_id", name="pk_group_session_reminder"),
    )
    op.create_table(
        "group_session_timer",
        _id(),
        _id("session_id"),
        sa.Column("kind", sa.String(), nullable=False),
        _at("due_at"),
        _at("done_at", none=True),
        _to("group_session_timer", "session_id", "group_session"),
        sa.PrimaryKeyConstraint("id", name="pk_group_session_timer"),
        sa.UniqueConstraint("session_id", "kind", name="uq_group_session_timer_session_id_kind"),
    )
    op.create_index(
        "ix_group_session_timer_due_at", "group_session_timer", ["due_at"],
        sqlite_where=sa.text("done_at IS NULL"), postgresql_where=sa.text("done_at IS NULL"),
    )  # fmt: skip
    op.create_table(
        "group_session_presence",
        _id("session_id"),
        _id("member_id"),
        _to("group_session_presence", "session_id", "group_session"),
        _to("group_session_presence", "member_id", "member"),
        sa.PrimaryKeyConstraint("session_id", "member_id", name="pk_group_session_presence"),
    )


def downgrade() -> None:
    """As it was."""
    op.drop_table("group_session_presence")
    op.drop_table("group_session_timer")
    op.drop_table("group_session_reminder")
    op.drop_table("group_session")
    op.drop_table("team_note")
    op.drop_table("escalation")
