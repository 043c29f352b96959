"""The experiments: each turns frozen configs and seeds into rows of plain values, and knows no plots."""
