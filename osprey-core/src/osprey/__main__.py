"""Run `python -m osprey` as the `osprey` command."""

from __future__ import annotations

import sys

from osprey.cli import main

if __name__ == "__main__":
    sys.exit(main())
