"""The functions of libca that the connector uses, with their C prototypes.

pyepics brings the library and knows where it lies; its own wrappers are left alone, because they keep caches
for the whole process and drop the status of a put. The handle opened here is ours: prototypes set on it do
not show in pyepics.
"""

from __future__ import annotations

import ctypes
import functools
import itertools
import os
import threading
from enum import IntEnum, IntFlag
from typing import Any, Final

from epics.ca import find_libca, find_libCom


class Eca(IntEnum):
    """The conditions of `caerr.h` that are told apart: the number in a status, above its severity."""

    NORMAL = 0
    ALLOCMEM = 6
    TOLARGE = 9
    TIMEOUT = 10
    STRTOBIG = 12
    BADTYPE = 14
    INTERNAL = 17
    GETFAIL = 19
    PUTFAIL = 20
    BADCOUNT = 22
    BADSTR = 23
    DISCONN = 24
    NORDACCESS = 46
    NOWTACCESS = 47
    NOCONVERT = 50
    BADCHID = 51
    UNAVAILINSERV = 54
    CHANDESTROY = 55
    ARRAY_16K = 58
    UNRESPTMO = 60


class EventMask(IntFlag):
    """What a monitor is told of."""

    VALUE = 1
    ALARM = 4


CONNECTION_UP: Final = 6
PREEMPTIVE: Final = 1
"""Callbacks run on libca's own threads; nobody has to poll."""


class EventArgs(ctypes.Structure):
    """`struct event_handler_args`, with an integer key where C has a user pointer.

    pyepics declares that member as a Python object, and an integer passed through it crashes the process.
    """

    _fields_ = (
        ("key", ctypes.c_void_p),
        ("chid", ctypes.c_void_p),
        ("type", ctypes.c_long),
        ("count", ctypes.c_long),
        ("dbr", ctypes.c_void_p),
        ("status", ctypes.c_int),
    )


class ConnectionArgs(ctypes.Structure):
    """`struct connection_handler_args`."""

    _fields_ = (("chid", ctypes.c_void_p), ("op", ctypes.c_long))


class ExceptionArgs(ctypes.Structure):
    """`struct exception_handler_args`."""

    _fields_ = (
        ("usr", ctypes.c_void_p),
        ("chid", ctypes.c_void_p),
        ("type", ctypes.c_long),
        ("count", ctypes.c_long),
        ("addr", ctypes.c_void_p),
        ("stat", ctypes.c_long),
        ("op", ctypes.c_long),
        ("ctx", ctypes.c_char_p),
        ("file", ctypes.c_char_p),
        ("line", ctypes.c_uint),
    )


EVENT_CALLBACK: Final = ctypes.CFUNCTYPE(None, EventArgs)
CONNECTION_CALLBACK: Final = ctypes.CFUNCTYPE(None, ConnectionArgs)
EXCEPTION_CALLBACK: Final = ctypes.CFUNCTYPE(None, ExceptionArgs)
PRINT_CALLBACK: Final = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)

_long, _ulong, _int, _uint = ctypes.c_long, ctypes.c_ulong, ctypes.c_int, ctypes.c_uint
_pointer, _text = ctypes.c_void_p, ctypes.c_char_p

_PROTOTYPES: Final[dict[str, tuple[Any, tuple[Any, ...]]]] = {
    "ca_context_create": (_int, (_int,)),
    "ca_context_destroy": (None, ()),
    "ca_replace_printf_handler": (_int, (PRINT_CALLBACK,)),
    "ca_add_exception_event": (_int, (EXCEPTION_CALLBACK, _pointer)),
    "ca_create_channel": (_int, (_text, CONNECTION_CALLBACK, _pointer, _uint, ctypes.POINTER(_pointer))),
    "ca_clear_channel": (_int, (_pointer,)),
    "ca_array_get_callback": (_int, (_long, _ulong, _pointer, EVENT_CALLBACK, _pointer)),
    "ca_array_put_callback": (_int, (_long, _ulong, _pointer, _pointer, EVENT_CALLBACK, _pointer)),
    "ca_create_subscription": (
        _int,
        (_long, _ulong, _pointer, _long, EVENT_CALLBACK, _pointer, ctypes.POINTER(_pointer)),
    ),
    "ca_clear_subscription": (_int, (_pointer,)),
    "ca_flush_io": (_int, ()),
    "ca_field_type": (ctypes.c_short, (_pointer,)),
    "ca_element_count": (_ulong, (_pointer,)),
    "ca_read_access": (_uint, (_pointer,)),
    "ca_write_access": (_uint, (_pointer,)),
    "ca_puser": (_pointer, (_pointer,)),
    "ca_get_host_name": (_uint, (_pointer, ctypes.c_char_p, _uint)),
    "ca_message": (_text, (_long,)),
}


@functools.cache
def load_libca() -> Any:
    """Open libca once for this process and give its functions their prototypes.

    Every function releases the interpreter's lock while it runs. That is needed, also for the small ones:
    libca holds its own lock while it calls back, and a callback waits for the interpreter's.
    """
    if os.name == "nt":
        ctypes.CDLL(find_libCom())
    library = ctypes.CDLL(find_libca())
    for name, (result, arguments) in _PROTOTYPES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def keep_thread_state() -> None:
    """Let the interpreter remember this thread of libca between callbacks; called inside one.

    For each callback from a thread that is not Python's own, the interpreter makes a thread state and throws
    it away, which takes three times as long as the callback itself. One reference more keeps the state. C does
    not tell when a thread ends, so what is kept (about 20 kB) stays until the process ends; that is why there
    is a bound, for IOCs that come and go.
    """
    if getattr(_thread, "is_known", False):
        return
    _thread.is_known = True
    if next(_known_threads) < _MOST_KNOWN_THREADS:
        ctypes.pythonapi.PyGILState_Ensure()


_thread = threading.local()
_known_threads = itertools.count()
_MOST_KNOWN_THREADS: Final = 256


def is_normal(status: int) -> bool:
    """True for a status without any complaint."""
    return (status & 0xFFFF) >> 3 == Eca.NORMAL


def condition_of(status: int) -> Eca | None:
    """Give the condition in a status; None for one that is not told apart."""
    try:
        return Eca((status & 0xFFFF) >> 3)
    except ValueError:
        return None


def name_status(status: int) -> str:
    """Give a status as text: its name in `caerr.h`, its number, and libca's own sentence."""
    condition = condition_of(status)
    word = f"ECA_{condition.name} {status}" if condition is not None else f"ECA status {status}"
    sentence: bytes = load_libca().ca_message(status) or b""
    return f"{word}: {sentence.decode('latin-1')}"
