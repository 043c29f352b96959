"""`python -m robustlaw` is the command line."""

from .cli import main

main()
