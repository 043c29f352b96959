"""Verdict tables, charts and the HTML report of a verification."""

from .findings import Finding, Group, Summary, summarise
from .page import render
from .text import print_summary
from .verify import Outcome, verify

__all__ = ["Finding", "Group", "Outcome", "Summary", "print_summary", "render", "summarise", "verify"]
