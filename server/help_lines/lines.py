"""Help lines as plain values: what may be shown, and where each fact comes from."""

from dataclasses import dataclass
from datetime import date, timedelta

# Numbers change quietly. Half a year is our choice, no standard.
OLD_AFTER = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class EmergencyNumber:
    """A national emergency number; never verified by us, so a steward confirms it."""

    dial: str
    purpose: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpLine:
    """One line of one country; at least one of dial, sms and chat is present.

    dial, also_dial, sms: as dialled inside the country, spaces and hyphens for the eye.
    languages: BCP 47. recorded: the source's own numbers, untouched; mend: why ours differ.
    verified_at: the source's date; None means not verified.
    """

    country: str
    name: str
    for_whom: str
    hours: str
    languages: tuple[str, ...]
    record: str
    commit: str
    record_source: str
    free: bool
    local_name: str | None = None
    dial: str | None = None
    also_dial: tuple[str, ...] = ()
    sms: str | None = None
    sms_text: str | None = None
    chat: str | None = None
    website: str | None = None
    note: str | None = None
    recorded: tuple[str, ...] = ()
    mend: str | None = None
    verified_at: date | None = None

    @property
    def verified(self) -> bool:
        """Whether the source says that it checked this line on some day."""
        return self.verified_at is not None


@dataclass(frozen=True, slots=True)
class Country:
    """What to show to someone there: emergency numbers first, then the lines."""

    code: str
    name: str
    emergency: tuple[EmergencyNumber, ...]
    lines: tuple[HelpLine, ...]


def link(dial: str) -> str:
    """What goes after `tel:` or `sms:`: the same number without its spaces and hyphens."""
    return dial.replace(" ", "").replace("-", "")


def is_old(line: HelpLine, today: date) -> bool:
    """Whether a steward should check the line again; never a reason to hide it from people.

    A line nobody verified counts as old.
    """
    return line.verified_at is None or today - line.verified_at > OLD_AFTER
