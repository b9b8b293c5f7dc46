"""Tables that a spreadsheet opens: rows in, bytes out, and no cell is a formula.

Source: RFC 4180; OWASP, "CSV Injection".
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import Final

Cell = str | int | float | None

_BYTE_ORDER_MARK: Final = "\ufeff"
"""Without it Excel reads accents as something else."""
_BEGINS_FORMULA: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "|", "%")


def table(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """One line at a time, UTF-8. None is an empty cell."""
    yield _BYTE_ORDER_MARK.encode() + _line(header)
    for row in rows:
        yield _line(row)


def guarded(text: str) -> str:
    """The same words; with an apostrophe before them where a spreadsheet would compute them."""
    words = " ".join(text.split())
    return f"'{words}" if words.startswith(_BEGINS_FORMULA) else words


def _line(cells: Sequence[Cell]) -> bytes:
    line = StringIO()
    csv.writer(line, lineterminator="\r\n", quoting=csv.QUOTE_MINIMAL).writerow(
        guarded(cell) if isinstance(cell, str) else cell for cell in cells
    )
    return line.getvalue().encode()
