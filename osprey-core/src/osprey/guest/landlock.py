"""Landlock: rules on files, TCP, signals and abstract sockets that a process puts on itself for good."""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
from collections.abc import Iterable

from . import kernel

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG, _BENEATH = 1, 1
NEEDED = 6
"""The first version that keeps signals and abstract sockets inside."""

_EVERY_FILE_RIGHT = (1 << 16) - 1
_TCP_BIND_AND_CONNECT = 3
_ABSTRACT_SOCKETS_AND_SIGNALS = 3
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_DEVICES_SOCKETS_PIPES = 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | 1 << 14 | 1 << 15
"""Rights that a rule on a file, instead of a folder, may give."""


def version() -> int:
    """Give the kernel's version of Landlock; 0: there is none."""
    return max(0, int(kernel.libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION_FLAG)))


def restrict(readable: Iterable[str], writable: Iterable[str], devices: Iterable[str] = ()) -> None:
    """Leave this process what lies below these paths, and nothing else.

    :raises OSError: the kernel does not know all that is needed here.
    """
    if version() < NEEDED:
        raise OSError(38, f"Landlock's version here is {version()}; {NEEDED} is needed (Linux 6.12)")
    attributes = struct.pack("=QQQ", _EVERY_FILE_RIGHT, _TCP_BIND_AND_CONNECT, _ABSTRACT_SOCKETS_AND_SIGNALS)
    size = ctypes.c_size_t(len(attributes))
    rules = kernel.check(kernel.libc.syscall(_CREATE_RULESET, attributes, size, 0), "making rules on files")
    try:
        for path in readable:
            _allow(rules, path, _READ_FILE | _READ_DIR)
        for path in devices:
            _allow(rules, path, _READ_FILE | _WRITE_FILE | 1 << 14)
        for path in writable:
            _allow(rules, path, _EVERY_FILE_RIGHT & ~(_EXECUTE | _MAKE_DEVICES_SOCKETS_PIPES | 1 << 15))
        kernel.forbid_new_privileges()
        kernel.check(kernel.libc.syscall(_RESTRICT_SELF, rules, 0), "taking rights on files away")
    finally:
        os.close(rules)


def _allow(rules: int, path: str, rights: int) -> None:
    with contextlib.suppress(FileNotFoundError):  # what is not there needs no rule
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            allowed = rights if os.path.isdir(path) else rights & _OF_FILES
            rule = struct.pack("=Qi", allowed, place)
            kernel.check(kernel.libc.syscall(_ADD_RULE, rules, _BENEATH, rule, 0), f"giving {path}")
        finally:
            os.close(place)
