"""A year that is drawn, stored, and counted a second time by other means."""
