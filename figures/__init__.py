"""The paper's figures regenerated, and those that nobody has: `python -m figures`."""
