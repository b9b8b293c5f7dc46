"""A throw-away community that shows all of Hearth at once: `make demo`."""
