"""A journal that cannot be opened refuses every write: that, too, is told at once, kept, and appended later."""

from __future__ import annotations

import time
from pathlib import Path

from osprey.errors import StorageError
from osprey.journal.audit.late_refusals import tell, told_of_fate
from osprey.journal.audit.seal import KEY_FILE, load_key
from osprey.journal.audit.spool import Spool
from osprey.journal.audit.spool_records import LateRefusal
from osprey.journal.process_user import process_user
from osprey.journal.refusals import Refusal


def keep_unopened(state_dir: Path, failure: StorageError) -> None:
    """Keep that the journal could not be opened, once for each user and cause: whoever looks again adds nothing."""
    refusal = _refused(failure)
    if not (state_dir / KEY_FILE).exists():
        return  # there is no audit yet; nothing but the failure itself is to be told
    try:
        spool = Spool(state_dir, load_key(state_dir, has_rows=True))
        with spool.opened() as held:
            waiting = held.read().refusals
            if any((one.actor, one.detail) == (refusal.actor, refusal.detail) for one in waiting):
                return
            fate = told_of_fate(spool, is_whole=held.keep(refusal))
    except (StorageError, OSError) as exc:
        fate = f"it could not be kept either ({exc})"
    tell(refusal, fate)


def _refused(failure: StorageError) -> LateRefusal:
    refusal, who = Refusal("ledger.unavailable", f"the journal could not be opened: {failure}"), process_user()
    return LateRefusal(
        actor=who.subject,
        terminal=who.terminal,
        host=who.host,
        subject="",
        ns=time.time_ns(),
        detail={"what": "open", "rule": refusal.rule, "reason": refusal.message},
        cause=str(failure),
    )
