"""What was found, as a table for a terminal, as JSON, and as a page."""

from .page import write_page
from .plain import as_json
from .text import print_reports

__all__ = ["as_json", "print_reports", "write_page"]
