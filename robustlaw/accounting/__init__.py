"""Description lengths, ledgers, and the effective parameter count p_eff."""

from .codes import (
    binned_mask_length,
    enumerative_length,
    flat_length,
    integer_length,
    levels_length,
    mask_length,
    uniform_length,
)
from .describe import DEFAULT_CODES, Code, code_family, describe, trained_count, usable_codes
from .information import information_ledger, label_entropy_cap, mask_information_cap
from .ledger import Entry, Ledger

__all__ = [
    "DEFAULT_CODES",
    "Code",
    "Entry",
    "Ledger",
    "binned_mask_length",
    "code_family",
    "describe",
    "enumerative_length",
    "flat_length",
    "information_ledger",
    "integer_length",
    "label_entropy_cap",
    "levels_length",
    "mask_information_cap",
    "mask_length",
    "trained_count",
    "uniform_length",
    "usable_codes",
]
