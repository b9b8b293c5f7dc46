"""How long a writer lets things gather under load: larger commits cost less, and so do larger writes."""

from typing import Final

PACE: Final = 3.0
"""So many times as long as the last fan-out took."""
MOST_PACE_S: Final = 0.012
"""Nobody notices this; more would only be seen in the figures."""
