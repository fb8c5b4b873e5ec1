"""Who decides, as a terminal establishes it: the system's user, or a person by a secret that nothing shows or keeps."""

from __future__ import annotations

import os
import termios
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

import anyio
import anyio.to_thread
import click
from attrs import frozen

from osprey.errors import UsageError
from osprey.printable import printable

if TYPE_CHECKING:
    from osprey.approval import Identity
    from osprey.project import Project

F = TypeVar("F", bound=Callable[..., Any])

_LONGEST: Final = 4096


@frozen(kw_only=True)
class Claimed:
    """Who a command says that decides, before it is shown."""

    name: str | None = None
    """None: the system's user."""
    secret_fd: int | None = None


def identity_options(command: F) -> F:
    """Give a command `--as NAME` and `--secret-fd N`; it takes them as `name` and `secret_fd`."""
    secret_fd = click.option(
        "--secret-fd",
        type=click.IntRange(min=0),
        metavar="N",
        help="Read the secret of --as from this file descriptor instead of the terminal.",
    )
    name = click.option("--as", "name", metavar="NAME", help="Who decides; their secret is asked for without an echo.")
    return name(secret_fd(command))


async def identity_of_claim(project: Project, claimed: Claimed) -> Identity:
    """Establish who decides.

    :raises RefusedError: the secret is not that of the person. :raises UsageError: there is no way to ask for it.
    """
    from osprey.approval.people import authenticate, identity_of

    if claimed.name is None:
        if claimed.secret_fd is not None:
            raise UsageError("--secret-fd is the secret of somebody: say whose with --as NAME")
        return identity_of(project)
    if claimed.secret_fd is not None:
        secret = await anyio.to_thread.run_sync(read_secret, claimed.secret_fd, abandon_on_cancel=True)
    else:
        secret = await ask_secret(f"Secret of {claimed.name}: ")
    return await authenticate(project, claimed.name, secret)


def read_secret(descriptor: int) -> str:
    """Read one line from a file descriptor that somebody else has opened for it.

    :raises UsageError: it is not open, it is a terminal, which would show what is typed, or there is nothing in it.
    """
    found = b""
    try:
        if os.isatty(descriptor):
            raise UsageError("--secret-fd is a terminal, which shows what is typed: leave the option away to be asked")
        while b"\n" not in found and len(found) < _LONGEST and (piece := os.read(descriptor, _LONGEST)):
            found += piece
    except OSError as exc:
        msg = f"file descriptor {descriptor} of --secret-fd cannot be read: {exc.strerror}"
        raise UsageError(msg) from exc
    return _secret_in(found)


async def ask_secret(prompt: str) -> str:
    """Ask on the terminal of this process, wherever its output goes, without an echo.

    :raises UsageError: it has no terminal, or nothing was typed.
    """
    try:
        terminal = os.open(_terminal(), os.O_RDWR | os.O_NOCTTY)
    except OSError as exc:
        msg = "a secret is asked for on a terminal, and there is none here: give it with --secret-fd"
        raise UsageError(msg) from exc
    try:
        # What was typed before the question is flushed with the echo: it was shown, so it is no secret any more.
        with _silent(terminal):
            os.write(terminal, printable(prompt).encode())
            await anyio.wait_readable(terminal)
            typed = os.read(terminal, _LONGEST)
            os.write(terminal, b"\n")
    finally:
        os.close(terminal)
    return _secret_in(typed)


def _terminal() -> str:
    try:
        return os.ttyname(0)
    except OSError:  # its input is something else
        return "/dev/tty"


@contextmanager
def _silent(terminal: int) -> Generator[None]:
    before = termios.tcgetattr(terminal)
    quiet = [*before[:3], before[3] & ~termios.ECHO, *before[4:]]
    termios.tcsetattr(terminal, termios.TCSAFLUSH, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)


def _secret_in(line: bytes) -> str:
    secret = line.partition(b"\n")[0].rstrip(b"\r").decode(errors="replace")
    if not secret:
        raise UsageError("no secret was given, so it is not known who decides: nothing was done")
    return secret


@click.command("hash-secret")
@click.option("--secret-fd", type=click.IntRange(min=0), metavar="N", help="Read the secret from this descriptor.")
def hash_secret_command(secret_fd: int | None) -> None:
    """Print the line of config.yml that lets a person approve by a secret of their own.

    The secret is asked for twice, without an echo; only its hash is printed.
    """
    from osprey.approval.people import hash_secret

    secret = anyio.run(_ask_twice) if secret_fd is None else read_secret(secret_fd)
    click.echo(f"secret_hash: {hash_secret(secret)}")
    click.echo("Put this line below `approval.people.NAME` in config.yml.", err=True)


async def _ask_twice() -> str:
    secret = await ask_secret("Secret: ")
    if await ask_secret("Once more: ") != secret:
        raise UsageError("the two were not the same: nothing was made of them")
    return secret
