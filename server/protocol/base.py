"""What every frame and body shares: exact types, nothing unknown, text that can be stored."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

TEXT_LIMIT = 4_000
"""Code points in one message; long enough for a story, short enough for a model's deadline."""

FRAME_LIMIT_BYTES = 32 * 1024
"""A message of TEXT_LIMIT code points of four bytes, escaped, still fits."""


_UNSHOWN = "text holds a character that cannot be shown"


def _storable(text: str) -> str:
    """Refuse what cannot be stored or shown: NUL, and surrogates that stand alone."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(_UNSHOWN) from None
    if "\x00" in text:
        raise ValueError(_UNSHOWN)
    return text


def _from_json_string(value: object) -> object:
    """Strict models still read ids and times from their JSON spelling."""
    if not isinstance(value, str | UUID | datetime):
        raise ValueError("must be a string")
    return value


Storable = Annotated[str, AfterValidator(_storable)]
Text = Annotated[Storable, Field(min_length=1, max_length=TEXT_LIMIT)]
ShortText = Annotated[Storable, Field(min_length=1, max_length=280)]
Name = Annotated[Storable, Field(min_length=2, max_length=40)]
Id = Annotated[UUID, Field(strict=False), BeforeValidator(_from_json_string)]
Time = Annotated[datetime, Field(strict=False), BeforeValidator(_from_json_string)]
Seq = Annotated[int, Field(ge=0, le=2**53)]


class Wire(BaseModel):
    """Base of all that crosses the wire. Errors never repeat what was sent."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, hide_input_in_errors=True, ser_json_inf_nan="null"
    )
