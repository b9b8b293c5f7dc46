"""Between which shares the true one lies."""

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
