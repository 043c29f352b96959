"""The proofs behind robustlaw, checked by machine: `python -m proofs_check`."""
