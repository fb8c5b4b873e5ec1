"""Runs the Tango database server, or what else ends with the process that started it, however that one ends.

python until_stdin_closes.py database --host 127.0.0.1 --port 0 --print-host-port 2
"""

from __future__ import annotations

import os
import sys
import threading


def end_with_the_starter() -> None:
    """End this process as soon as the other end of standard input is closed."""

    def watch() -> None:
        while os.read(0, 1024):
            pass
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    end_with_the_starter()
    from databaseds.database import main

    sys.argv = ["PyDatabaseds", *sys.argv[2:]]
    sys.exit(main())
