"""The second-stage system-call filter: an allow-list as a classic BPF program, built without any library.

bubblewrap has to start Python, so the ban on starting programs can only be installed from inside, after
the start. What is not listed is refused with EPERM; numbers newer than the list get ENOSYS, so that the C
library falls back to the call it used before. There is no `socket`: the broker's descriptor is the only
one, even if the network namespace had failed.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

_LD_WORD, _JUMP_EQUAL, _JUMP_GREATER_EQUAL, _JUMP_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NR_OFFSET, _ARCH_OFFSET, _ARGS_OFFSET = 0, 4, 16

_NEWER_THAN_LIST = 424
"""The first number that x86_64 and aarch64 share; calls from here on were added after Linux 5.0."""

_NAMESPACE_FLAGS = 0x7E020000
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET; all in clone's low 32 bits."""

_IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX: what Python asks of its own descriptors."""

_PRCTLS = (15, 16)
"""PR_SET_NAME, PR_GET_NAME: threads have names."""

_AF_UNIX = 1

_SHARED = {"close_range": 436, "openat2": 437, "faccessat2": 439}

_X86_64 = _SHARED | dict(
    read=0, write=1, open=2, close=3, stat=4, fstat=5, lstat=6, poll=7, lseek=8, mmap=9, mprotect=10,
    munmap=11, brk=12, rt_sigaction=13, rt_sigprocmask=14, rt_sigreturn=15, pread64=17, pwrite64=18,
    readv=19, writev=20, access=21, pipe=22, select=23, sched_yield=24, mremap=25, msync=26, mincore=27,
    madvise=28, dup=32, dup2=33, pause=34, nanosleep=35, getitimer=36, alarm=37, setitimer=38, getpid=39,
    sendfile=40, sendto=44, recvfrom=45, sendmsg=46, recvmsg=47, shutdown=48, getsockname=51,
    getpeername=52, setsockopt=54, getsockopt=55, fork=57, vfork=58, exit=60, wait4=61, kill=62, uname=63,
    fcntl=72, flock=73, fsync=74, fdatasync=75, truncate=76, ftruncate=77, getdents=78, getcwd=79,
    chdir=80, fchdir=81, rename=82, mkdir=83, rmdir=84, creat=85, link=86, unlink=87, symlink=88,
    readlink=89, chmod=90, fchmod=91, umask=95, gettimeofday=96, getrlimit=97, getrusage=98, sysinfo=99,
    times=100, getuid=102, getgid=104, geteuid=107, getegid=108, getppid=110, getpgrp=111, getgroups=115,
    getresuid=118, getresgid=120, getpgid=121, getsid=124, rt_sigpending=127, rt_sigtimedwait=128,
    rt_sigsuspend=130, sigaltstack=131, utime=132, statfs=137, fstatfs=138, getpriority=140,
    sched_getparam=143, sched_getscheduler=145, sched_get_priority_max=146, sched_get_priority_min=147,
    arch_prctl=158, setrlimit=160, gettid=186, readahead=187, tkill=200, time=201, futex=202,
    sched_getaffinity=204, epoll_create=213, getdents64=217, set_tid_address=218, restart_syscall=219,
    fadvise64=221, clock_gettime=228, clock_getres=229, clock_nanosleep=230, exit_group=231,
    epoll_wait=232, epoll_ctl=233, tgkill=234, utimes=235, waitid=247, openat=257, mkdirat=258,
    newfstatat=262, unlinkat=263, renameat=264, linkat=265, symlinkat=266, readlinkat=267, fchmodat=268,
    faccessat=269, pselect6=270, ppoll=271, set_robust_list=273, get_robust_list=274, splice=275,
    utimensat=280, epoll_pwait=281, timerfd_create=283, eventfd=284, fallocate=285, timerfd_settime=286,
    timerfd_gettime=287, eventfd2=290, epoll_create1=291, dup3=292, pipe2=293, preadv=295, pwritev=296,
    prlimit64=302, getcpu=309, sched_getattr=315, renameat2=316, getrandom=318, membarrier=324,
    copy_file_range=326, preadv2=327, pwritev2=328, statx=332, rseq=334,
)  # fmt: skip

_AARCH64 = _SHARED | dict(
    getcwd=17, eventfd2=19, epoll_create1=20, epoll_ctl=21, epoll_pwait=22, dup=23, dup3=24, fcntl=25,
    flock=32, mkdirat=34, unlinkat=35, symlinkat=36, linkat=37, renameat=38, statfs=43, fstatfs=44,
    truncate=45, ftruncate=46, fallocate=47, faccessat=48, chdir=49, fchdir=50, fchmod=52, fchmodat=53,
    openat=56, close=57, pipe2=59, getdents64=61, lseek=62, read=63, write=64, readv=65, writev=66,
    pread64=67, pwrite64=68, preadv=69, pwritev=70, sendfile=71, pselect6=72, ppoll=73, splice=76,
    readlinkat=78, newfstatat=79, fstat=80, fsync=82, fdatasync=83, timerfd_create=85, timerfd_settime=86,
    timerfd_gettime=87, utimensat=88, exit=93, exit_group=94, waitid=95, set_tid_address=96, futex=98,
    set_robust_list=99, get_robust_list=100, nanosleep=101, getitimer=102, setitimer=103,
    clock_gettime=113, clock_getres=114, clock_nanosleep=115, sched_getscheduler=120, sched_getparam=121,
    sched_getaffinity=123, sched_yield=124, sched_get_priority_max=125, sched_get_priority_min=126,
    restart_syscall=128, kill=129, tkill=130, tgkill=131, sigaltstack=132, rt_sigsuspend=133,
    rt_sigaction=134, rt_sigprocmask=135, rt_sigpending=136, rt_sigtimedwait=137, rt_sigreturn=139,
    getpriority=141, getresuid=148, getresgid=150, times=153, getpgid=155, getsid=156, getgroups=158,
    uname=160, getrlimit=163, setrlimit=164, getrusage=165, umask=166, getcpu=168, gettimeofday=169,
    getpid=172, getppid=173, getuid=174, geteuid=175, getgid=176, getegid=177, gettid=178, sysinfo=179,
    getsockname=204, getpeername=205, sendto=206, recvfrom=207, setsockopt=208, getsockopt=209,
    shutdown=210, sendmsg=211, recvmsg=212, readahead=213, brk=214, munmap=215, mremap=216, mmap=222,
    fadvise64=223, mprotect=226, msync=227, mincore=232, madvise=233, wait4=260, prlimit64=261,
    sched_getattr=275, renameat2=276, getrandom=278, membarrier=283, copy_file_range=285, preadv2=286,
    pwritev2=287, statx=291, rseq=293,
)  # fmt: skip

_CHECKED = {
    "x86_64": {"clone": 56, "ioctl": 16, "prctl": 157, "socketpair": 53},
    "aarch64": {"clone": 220, "ioctl": 29, "prctl": 167, "socketpair": 199},
}
_ALLOWED = {"x86_64": _X86_64, "aarch64": _AARCH64}
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


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


def build_filter(machine: str) -> bytes:
    """Build the program for `machine` (``x86_64`` or ``aarch64``).

    :raises OSError: there is no list of system calls for this machine.
    """
    if machine not in _ALLOWED:
        raise OSError(errno.ENOSYS, f"no list of system calls for {machine}: x86_64 and aarch64 have one")
    checked = _CHECKED[machine]
    program = [
        _step(_LD_WORD, _ARCH_OFFSET),
        _step(_JUMP_EQUAL, _AUDIT_ARCH[machine], 1, 0),
        _step(_RETURN, _KILL),
        _step(_LD_WORD, _NR_OFFSET),
    ]
    for number in sorted(_ALLOWED[machine].values()):
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
    program += _only_for(checked["socketpair"], _one_of(0, (_AF_UNIX,)))
    program += [_step(_JUMP_GREATER_EQUAL, _NEWER_THAN_LIST, 0, 1), _refuse(errno.ENOSYS), _refuse(errno.EPERM)]
    return b"".join(program)


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]  # noqa: RUF012 - ctypes' own form


def install_filter() -> None:
    """Put the filter on this process and all that come from it; it cannot be taken off again."""
    code = build_filter(os.uname().machine)
    program = _Program(len(code) // 8, code)
    libc = ctypes.CDLL(None, use_errno=True)
    pr_set_seccomp, mode_filter = 22, 2
    if libc.prctl(pr_set_seccomp, mode_filter, ctypes.byref(program), 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, "the system-call filter was refused: " + os.strerror(number))
