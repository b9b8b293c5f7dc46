"""The reference servers that Hearth is measured beside. Each does one thing, as its users write it."""
