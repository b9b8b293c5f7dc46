"""Reasons that are kept: automated acts, what a decision rests on, the place's own words, cases set aside."""

import sqlalchemy as sa
from alembic import op

revision = "e51b7d20a9c3"
down_revision = "d4f1a6b82c39"
branch_labels = None
depends_on = None

_QUEUE = ["urgency", "due_at", "opened_at", "id", "room_id", "subject_id"]


def upgrade() -> None:
    """The tables and columns; what was decided before has none of this, and says so."""
    op.create_table(
        "act",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bound", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("about", sa.String(), nullable=True),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("band", sa.String(), nullable=True),
        sa.Column("clause", sa.String(), nullable=True),
        sa.Column("clause_words", sa.String(), nullable=True),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name="fk_act_member_id_member"),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name="fk_act_room_id_room"),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_act_message_id_message"),
        sa.PrimaryKeyConstraint("id", name="pk_act"),
        sa.UniqueConstraint("bound", name="uq_act_bound"),
    )
    op.create_index("ix_act_member_id_at", "act", ["member_id", "at"])
    op.create_table(
        "place_words",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_place_words"),
    )
    for name in ("by_role", "clause", "clause_words", "model", "detected_by"):
        op.add_column("decision", sa.Column(name, sa.String(), nullable=True))
    op.add_column("decision", sa.Column("before", sa.JSON(), nullable=True))
    op.add_column("decision", sa.Column("bound", sa.Integer(), nullable=True))
    op.create_index("ix_decision_bound", "decision", ["bound"], unique=True)
    op.add_column("notice", sa.Column("act_id", sa.Uuid(), nullable=True))
    op.add_column(
        "care_case", sa.Column("aside", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    _index_the_queue([*_QUEUE, "aside"])


def downgrade() -> None:
    """As it was. What is bound in the audit log stays written there."""
    _index_the_queue(_QUEUE)
    op.drop_column("care_case", "aside")
    op.drop_column("notice", "act_id")
    op.drop_index("ix_decision_bound", "decision")
    for name in (
        "bound", "before", "detected_by", "model", "clause_words", "clause", "by_role",
    ):  # fmt: skip
        op.drop_column("decision", name)
    op.drop_table("place_words")
    op.drop_table("act")


def _index_the_queue(columns: list[str]) -> None:
    living = sa.text("open_key IS NOT NULL")
    op.drop_index("ix_care_case_living", "care_case")
    op.create_index(
        "ix_care_case_living", "care_case", columns, sqlite_where=living, postgresql_where=living
    )
