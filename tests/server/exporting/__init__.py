"""Drawn measures and people, for exports to be tried on."""
