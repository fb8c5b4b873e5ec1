"""The second-stage system-call filter: an allow-list as a classic BPF program, built without any library.

Python has to be started first, so the ban on starting programs can only be installed from inside, after
the start. What is not listed is refused with EPERM; numbers newer than the list get ENOSYS, so that the C
library falls back to the call it used before. There is no `socket`: the broker's descriptor is the only
one, even if the network namespace had failed.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import struct

from . import syscalls

_LD_WORD, _JUMP_EQUAL, _JUMP_GREATER_EQUAL, _JUMP_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NR_OFFSET, _ARCH_OFFSET, _ARGS_OFFSET = 0, 4, 16

_NAMESPACE_FLAGS = 0x7E020000
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET; all in clone's low 32 bits."""

_IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX: what Python asks of its own descriptors."""

_PRCTLS = (15, 16)
"""PR_SET_NAME, PR_GET_NAME: threads have names."""

_AF_UNIX = 1


def _step(code: int, k: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, k)


def _refuse(number: int) -> bytes:
    return _step(_RETURN, _ERRNO | number)


def _argument(index: int) -> bytes:
    """Load the low word of an argument; both machines are little-endian."""
    return _step(_LD_WORD, _ARGS_OFFSET + 8 * index)


def _only_for(number: int, body: list[bytes]) -> list[bytes]:
    """Run `body`, which must return, for one system call and skip it for all others."""
    return [_step(_JUMP_EQUAL, number, 0, len(body)), *body]


def _one_of(index: int, values: tuple[int, ...]) -> list[bytes]:
    body = [_argument(index)]
    for value in values:
        body += [_step(_JUMP_EQUAL, value, 0, 1), _step(_RETURN, _ALLOW)]
    return [*body, _refuse(errno.EPERM)]


@functools.cache
def build_filter(machine: str, *, shares_files: bool = False) -> bytes:
    """Build the program for `machine` (``x86_64`` or ``aarch64``).

    :param shares_files: the host's own files are in sight, so their modes and times are not to be changed.

    :raises OSError: there is no list of system calls for this machine.
    """
    if machine not in syscalls.ALLOWED:
        raise OSError(errno.ENOSYS, f"no list of system calls for {machine}: x86_64 and aarch64 have one")
    checked = syscalls.CHECKED[machine]
    program = [
        _step(_LD_WORD, _ARCH_OFFSET),
        _step(_JUMP_EQUAL, syscalls.AUDIT_ARCH[machine], 1, 0),
        _step(_RETURN, _KILL),
        _step(_LD_WORD, _NR_OFFSET),
    ]
    withheld = syscalls.ATTRIBUTES if shares_files else frozenset[str]()
    for number in sorted(n for name, n in syscalls.ALLOWED[machine].items() if name not in withheld):
        program += [_step(_JUMP_EQUAL, number, 0, 1), _step(_RETURN, _ALLOW)]
    new_task = [
        _argument(0),
        _step(_JUMP_SET, _NAMESPACE_FLAGS, 0, 1),
        _refuse(errno.EPERM),
        _step(_RETURN, _ALLOW),
    ]
    program += _only_for(checked["clone"], new_task)
    program += _only_for(checked["ioctl"], _one_of(1, _IOCTLS))
    program += _only_for(checked["prctl"], _one_of(0, _PRCTLS))
    # Of oneself alone: without a process namespace the service is in sight, and has the same user.
    program += _only_for(checked["prlimit64"], _one_of(0, (0,)))
    program += _only_for(checked["socketpair"], _one_of(0, (_AF_UNIX,)))
    program += [_step(_JUMP_GREATER_EQUAL, syscalls.FIRST_UNKNOWN, 0, 1), _refuse(errno.ENOSYS), _refuse(errno.EPERM)]
    return b"".join(program)


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def install_filter(*, shares_files: bool = False) -> None:
    """Put the filter on this process and all that come from it; it cannot be taken off again."""
    code = build_filter(os.uname().machine, shares_files=shares_files)
    program = _Program(len(code) // 8, code)
    libc = ctypes.CDLL(None, use_errno=True)
    pr_set_seccomp, mode_filter = 22, 2
    if libc.prctl(pr_set_seccomp, mode_filter, ctypes.byref(program), 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, "the system-call filter was refused: " + os.strerror(number))
