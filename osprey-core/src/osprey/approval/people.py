"""People: who somebody is for the system, the roles they hold, and the secret that only they know.

Who decides is established by the interface: the operating system's user of this process, a secret that is typed
where nothing records it, the peer of a socket. It is never taken from a text or from a model.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread
from attrs import frozen

from osprey.approval.identity import current_actor
from osprey.errors import RefusedError, UsageError
from osprey.journal import Voter, journal_of

if TYPE_CHECKING:
    from osprey.config import ApprovalConfig
    from osprey.control import Actor
    from osprey.project import Project

SHORTEST_SECRET: Final = 6
"""Characters. A PIN is as safe as the file that holds its hash; a token of 20 random characters needs no such care."""
_COST: Final = (2**15, 8, 1)
"""Of scrypt: about 0.1 s and 32 MiB a try."""
_WRONG: Final = "approval.secret"
_MOST_FAILURES: Final = 5
_LOCKED_FOR_NS: Final = 15 * 60 * 1_000_000_000


@frozen(kw_only=True)
class Identity:
    """Who acts: the subject that every row names, and the person it is known to be."""

    actor: Actor
    voter: Voter


def person_of(config: ApprovalConfig, subject: str) -> str:
    """Give the name of the person behind a subject; the subject itself where the configuration names nobody."""
    return next((name for name, person in config.people.items() if subject in person.subjects), subject)


def identity_of(project: Project, actor: Actor | None = None) -> Identity:
    """Give who acts in this process, by the operating system's word; a secret would say more.

    :param actor: who acts, where an interface has established it; None: the user of this process.
    """
    known = actor or current_actor()
    config = project.config.approval
    name = person_of(config, known.subject)
    roles = config.people[name].roles if name in config.people else ()
    return Identity(actor=known, voter=Voter(person=name, roles=roles))


def identity_of_peer(project: Project, actor: Actor, *, is_other_user: bool) -> Identity:
    """Give who asks over a socket of which the operating system tells the other end.

    :param is_other_user: it is not the user that this process, and whatever it asks for, runs as.
    """
    known = identity_of(project, actor).voter
    voter = Voter(person=known.person, roles=known.roles, method="peer", is_authenticated=is_other_user)
    return Identity(actor=actor, voter=voter)


async def authenticate(project: Project, name: str, secret: str, *, actor: Actor | None = None) -> Identity:
    """Give who acts if the secret is theirs.

    :raises RefusedError: ``approval.secret``: it is not, or there is none; ``approval.locked``: too many were wrong.
    """
    known = actor or current_actor()
    subject, since_ns = f"person:{name}", time.time_ns() - _LOCKED_FOR_NS
    audit = journal_of(project).audit
    if await audit.count_refusals(_WRONG, subject, since_ns) >= _MOST_FAILURES:
        raise await _locked(project, name, known)
    person = project.config.approval.people.get(name)
    is_right = await anyio.to_thread.run_sync(_is_right, None if person is None else person.secret_hash, secret)
    if person is not None and is_right and await audit.count_refusals(_WRONG, subject, since_ns) < _MOST_FAILURES:
        voter = Voter(person=name, roles=person.roles, method="secret", is_authenticated=True)
        return Identity(actor=known, voter=voter)
    # One sentence for all three: whoever guesses learns nothing.
    msg = f"the secret is not that of {name!r}, or approval.people names none: `osprey approvals hash-secret`"
    among = {"since_ns": since_ns, "most": _MOST_FAILURES}
    if await audit.refusal_among(known, "authenticate", _WRONG, msg, subject=subject, **among):
        raise RefusedError(msg, rule="approval.secret")
    raise await _locked(project, name, known)


async def _locked(project: Project, name: str, actor: Actor) -> RefusedError:
    msg = f"{_MOST_FAILURES} wrong secrets for {name} within 15 minutes: wait, and look at `osprey audit log`"
    await journal_of(project).audit.refusal(actor, "authenticate", "approval.locked", msg, subject=f"locked:{name}")
    return RefusedError(msg, rule="approval.locked")


def hash_secret(secret: str) -> str:
    """Give the line that `approval.people.<name>.secret_hash` takes.

    :raises UsageError: the secret is too short.
    """
    if len(secret) < SHORTEST_SECRET:
        msg = f"a PIN or token has at least {SHORTEST_SECRET} characters"
        raise UsageError(msg)
    salt = secrets.token_bytes(16)
    n, r, p = _COST
    return f"scrypt:{n}:{r}:{p}:{salt.hex()}:{_digest(secret, salt, _COST).hex()}"


def _is_right(stored: str | None, secret: str) -> bool:
    """Compare a secret with a hash; without one the work is the same, so that its time tells nothing."""
    if stored is None:
        _digest(secret, bytes(16), _COST)
        return False
    _, n, r, p, salt, digest = stored.split(":")
    found = _digest(secret, bytes.fromhex(salt), (int(n), int(r), int(p)))
    return hmac.compare_digest(found, bytes.fromhex(digest))


def _digest(secret: str, salt: bytes, cost: tuple[int, int, int]) -> bytes:
    n, r, p = cost
    # What was typed may be no text at all: that is a wrong secret, not an error.
    typed = secret.encode(errors="surrogatepass")
    return hashlib.scrypt(typed, salt=salt, n=n, r=r, p=p, maxmem=128 * n * r * 2, dklen=32)
