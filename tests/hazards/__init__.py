"""The hazard log: read, rated, printed, and held against the tests that it names. `python -m tests.hazards`."""
