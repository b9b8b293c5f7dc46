"""Between which values the true one lies, 95 times in 100."""

from math import sqrt

_Z = 1.959963984540054
"""95 in 100 of a normal distribution lie within so many standard deviations."""


def wilson(part: float, whole: float) -> tuple[float, float]:
    """Both ends of the 95 % score interval of a proportion. whole > 0, 0 <= part <= whole.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    p, z2 = part / whole, _Z * _Z
    middle = (p + z2 / (2 * whole)) / (1 + z2 / whole)
    reach = _Z / (1 + z2 / whole) * sqrt(p * (1 - p) / whole + z2 / (4 * whole * whole))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def median_ranks(count: int) -> tuple[int, int] | None:
    """Which of so many values, in their order and from 0, are both ends of the median's 95 % interval.

    None under six: no two of them reach so far. Whatever the values are spread like: how many of them lie
    below the true median is a toss of a coin for each.
    Source: Thompson 1936, "On confidence ranges for the median and other expectation distributions".
    """
    below, ways, all_ways = -1, 1, 0
    while (all_ways + ways) * 40 <= 2**count:
        below += 1
        all_ways += ways
        ways = ways * (count - below) // (below + 1)
    return (below, count - 1 - below) if below >= 0 else None
