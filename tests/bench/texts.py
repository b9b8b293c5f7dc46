"""What is said: ordinary words of one size that carry a marker, `~M` and eight digits."""

MARK = b"~M"
MARKERS = 10**8
"""So many markers differ."""

FILL = (
    "the quick brown fox jumps over the lazy dog and wonders whether anybody "
    "in this room is still awake, or all asleep by now"
)


def make_text(marker: int, size_bytes: int = 120) -> str:
    """A chat text of `size_bytes` that carries the marker."""
    head = f"~M{marker:08d}~ "
    filling = FILL * (1 + size_bytes // len(FILL))
    return head + filling[: size_bytes - len(head)]
