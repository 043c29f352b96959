"""The kernel: exact terms, lemmas, and what checking them concludes."""
