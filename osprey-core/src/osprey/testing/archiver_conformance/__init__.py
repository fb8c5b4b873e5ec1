"""What every archiver promises, as tests that run against a real peer.

A plugin's test module says how its archive starts and what is in it::

    from osprey.testing.archiver_conformance import ArchiverPeer, archiver_tests

    class Peer(ArchiverPeer):
        archived = "SR:CUR"
        missing = "SR:NO:SUCH"
        pattern = "SR:*"
        unit = "mA"

        def start(self): ...                  # blocks until it serves
        def stop(self): ...
        async def connect(self, folder): ...  # a new archiver to it
        def span_ns(self): ...                # a span in which `archived` has 20 samples or more

    globals().update(archiver_tests(Peer))

Each test then runs on asyncio and on trio.
"""

from __future__ import annotations

from osprey.testing.archiver_conformance.collecting import archiver_tests
from osprey.testing.archiver_conformance.peer import ArchiverPeer

__all__ = ["ArchiverPeer", "archiver_tests"]
