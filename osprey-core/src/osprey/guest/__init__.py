"""The guest: what runs inside the sandbox, beside generated code.

Standard-library Python, 3.9 and newer, because a facility's interpreter may be older than Osprey's. The
parent mounts this folder read-only as the package `osprey_guest` and starts `bootstrap.main`; nothing here
is imported by the trusted process. None of it is a defence: the namespaces, the system-call filter and the
broker at the other end of the socket are. What is here makes honest programs work and fail with a sentence.
"""

from __future__ import annotations

PROTOCOL = 1
"""Version of the frames on the broker's socket; the first frame carries it."""

GENERATED = "generated.py"
"""The file name that generated code is compiled under: its frames are found by it."""
