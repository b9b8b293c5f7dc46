"""Questionnaires: what is asked, word for word from its publication, and how the answers are counted."""

from server.measures.model import (
    Band,
    Course,
    Danger,
    Definition,
    Item,
    Option,
    ReliableChange,
)
from server.measures.reading import BadMeasureError, Catalogue, load, read

__all__ = [
    "BadMeasureError",
    "Band",
    "Catalogue",
    "Course",
    "Danger",
    "Definition",
    "Item",
    "Option",
    "ReliableChange",
    "load",
    "read",
]
