"""python -m proofs_check.audit: exit status 0 if every finding stands, 1 if one does not."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .check import audit
from .render import as_json, as_markdown, as_text


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m proofs_check.audit", description=__doc__)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_const", dest="form", const=as_json, help="for programs")
    form.add_argument("--markdown", action="store_const", dest="form", const=as_markdown, help="two tables")
    chosen = parser.parse_args(arguments).form or as_text
    found = audit()
    sys.stdout.write(chosen(found) + "\n")
    return 0 if found.stands else 1


if __name__ == "__main__":
    raise SystemExit(main())
