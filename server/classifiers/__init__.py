"""Classifier processes: how words go to them and readings come back, and what runs there."""
