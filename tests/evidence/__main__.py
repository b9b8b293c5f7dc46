"""Write the page from the data: `python -m tests.evidence`."""

from tests.evidence.page import PAGE, page
from tests.evidence.rows import read

PAGE.write_text(page(read()), encoding="utf-8")
