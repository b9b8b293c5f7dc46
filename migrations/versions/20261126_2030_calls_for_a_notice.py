"""A call to a browser may be for a notice; living cases by their language."""

import sqlalchemy as sa
from alembic import op

revision = "a41c07d2b9e6"
down_revision = "8c41d2e79b06"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One column, one index."""
    living = sa.text("open_key IS NOT NULL")
    op.create_index(
        "ix_care_case_living_language",
        "care_case",
        ["language"],
        sqlite_where=living,
        postgresql_where=living,
    )
    with op.batch_alter_table("push_call") as table:
        table.add_column(sa.Column("notice_id", sa.Uuid(), nullable=True))
        table.create_foreign_key("fk_push_call_notice_id_notice", "notice", ["notice_id"], ["id"])


def downgrade() -> None:
    """As it was. Calls that wait would be tests without it."""
    op.drop_index("ix_care_case_living_language", "care_case")
    op.execute("DELETE FROM push_call WHERE notice_id IS NOT NULL")
    with op.batch_alter_table("push_call") as table:
        table.drop_constraint("fk_push_call_notice_id_notice", type_="foreignkey")
        table.drop_column("notice_id")
