"""Passkeys, codes from an app, recovery codes and links, and what a session knows of its device."""

import sqlalchemy as sa
from alembic import op

revision = "c3e80a5d719f"
down_revision = "c4e81d07b5a2"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)
_OF_SESSIONS = ("browser", "system", "name", "scopes")


def upgrade() -> None:
    """Five tables, and columns that may be empty. Who is staff already has the days of grace from now on."""
    _table(
        "passkey",
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", _AT, nullable=False),
        sa.Column("used_at", _AT, nullable=True),
        sa.UniqueConstraint("credential_id", name="uq_passkey_credential_id"),
    )
    _table(
        "passkey_challenge",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("until", _AT, nullable=False),
        sa.UniqueConstraint("digest", name="uq_passkey_challenge_digest"),
        of_nobody=True,
    )
    op.create_index("ix_passkey_challenge_until", "passkey_challenge", ["until"])
    op.create_table(
        "code_app",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", _AT, nullable=False),
        sa.Column("confirmed_at", _AT, nullable=True),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name="fk_code_app_member_id_member"),
        sa.PrimaryKeyConstraint("member_id", name="pk_code_app"),
    )
    _table(
        "recovery_code",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", _AT, nullable=False),
        sa.Column("used_at", _AT, nullable=True),
        sa.UniqueConstraint("digest", name="uq_recovery_code_digest"),
    )
    _table(
        "recovery_link",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", _AT, nullable=False),
        sa.Column("until", _AT, nullable=False),
        sa.Column("used_at", _AT, nullable=True),
        sa.UniqueConstraint("digest", name="uq_recovery_link_digest"),
    )
    with op.batch_alter_table("session") as table:
        table.add_column(sa.Column("proved_at", _AT, nullable=True))
        for name in _OF_SESSIONS:
            table.add_column(sa.Column(name, sa.String(), nullable=True))
    with op.batch_alter_table("member") as table:
        table.add_column(sa.Column("staff_since", _AT, nullable=True))
    op.execute("UPDATE member SET staff_since = CURRENT_TIMESTAMP WHERE role <> 'peer'")


def downgrade() -> None:
    """As it was."""
    with op.batch_alter_table("member") as table:
        table.drop_column("staff_since")
    with op.batch_alter_table("session") as table:
        for name in ("proved_at", *_OF_SESSIONS):
            table.drop_column(name)
    for name in ("recovery_link", "recovery_code", "code_app", "passkey_challenge", "passkey"):
        op.drop_table(name)


def _table(name: str, *columns: sa.schema.SchemaItem, of_nobody: bool = False) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=of_nobody),
        *columns,
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=f"fk_{name}_member_id_member"),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
    )
    op.create_index(f"ix_{name}_member_id", name, ["member_id"])
