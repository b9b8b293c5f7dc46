"""Print the hazard log into its README."""

from tests.hazards.log import read
from tests.hazards.page import PAGE, write

write(PAGE, read())
