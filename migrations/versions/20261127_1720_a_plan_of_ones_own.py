"""A member's own plan for hard times."""

import sqlalchemy as sa
from alembic import op

revision = "f2a7d4b90c61"
down_revision = "b7c41d92e0fa"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table, empty at first."""
    op.create_table(
        "safety_plan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("locked", sa.Boolean(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name="fk_safety_plan_member_id_member"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_safety_plan"),
        sa.UniqueConstraint("member_id", name="uq_safety_plan_member_id"),
    )


def downgrade() -> None:
    """The plans go with it: take a copy before."""
    op.drop_table("safety_plan")
