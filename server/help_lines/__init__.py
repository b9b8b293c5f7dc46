"""Help lines and emergency numbers by country; where they come from is in SOURCES.md."""

from server.help_lines.lines import Country, EmergencyNumber, HelpLine, is_old, link
from server.help_lines.reading import BadHelpLineError, load

__all__ = ["BadHelpLineError", "Country", "EmergencyNumber", "HelpLine", "is_old", "link", "load"]
