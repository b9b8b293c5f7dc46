"""Which words left the locked store to train a model: ids alone, so that who withdraws can be taken out."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from server.store.tables.base import primary, time


class LabelExport(SQLModel, table=True):
    """One file that was made. `wording`: the newest words of consent it rests on."""

    __tablename__ = "label_export"
    id: UUID = primary()
    at: datetime = time()
    since: datetime = time()
    wording: str
    rows: int


class LabelRow(SQLModel, table=True):
    """One row of such a file: its id there, and whose words it holds."""

    __tablename__ = "label_row"
    id: UUID = Field(primary_key=True)
    export_id: UUID = Field(foreign_key="label_export.id", index=True)
    message_id: UUID = Field(foreign_key="message.id")
    author_id: UUID = Field(foreign_key="member.id", index=True)
    answered_id: UUID | None = Field(default=None, foreign_key="message.id")
    answered_author_id: UUID | None = Field(default=None, foreign_key="member.id")
