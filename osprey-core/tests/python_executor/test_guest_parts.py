"""Parts of the guest that can be looked at without a sandbox."""

from __future__ import annotations

import ast
import json
import math
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import osprey.guest
from osprey.guest import seccomp, syscalls
from osprey.guest.results import ResultsError, encode_results

GUEST = Path(osprey.guest.__file__).parent

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.complex_numbers(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner),
    max_leaves=20,
)


@given(values)
def test_whatever_is_encoded_is_strict_json(value):
    encoded, warnings = encode_results(value)
    text = json.dumps(encoded, allow_nan=False)
    assert json.loads(text) == encoded
    assert bool(warnings) == _has_non_finite(value)


def _has_non_finite(value):
    if isinstance(value, float):
        return not math.isfinite(value)
    if isinstance(value, complex):
        return not (math.isfinite(value.real) and math.isfinite(value.imag))
    if isinstance(value, dict):
        # Keys that become the same text fall together; the last one counts, as in `str` keys of JSON.
        return any(_has_non_finite(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(_has_non_finite(item) for item in value)
    return False


def test_numpy_values_have_an_encoding():
    import numpy as np

    encoded, warnings = encode_results(
        {"a": np.arange(3), "f": np.float32(0.5), "d": np.datetime64("2026-01-02"), "n": np.array([np.nan, 1.0])}
    )
    assert encoded == {"a": [0, 1, 2], "f": 0.5, "d": "2026-01-02", "n": [None, 1.0]}
    assert len(warnings) == 1


def test_too_many_values_are_refused():
    with pytest.raises(ResultsError, match="reduce it"):
        encode_results([0] * 600_000)


@pytest.mark.parametrize("path", sorted(GUEST.glob("*.py")), ids=lambda path: path.name)
def test_the_guest_is_python_3_9_and_imports_only_the_standard_library(path):
    import sys

    tree = ast.parse(path.read_text(), feature_version=(3, 9))
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        for name in names:
            assert name.partition(".")[0] in {*sys.stdlib_module_names, "numpy", "pandas"}, name


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_jump_of_the_filter_stays_inside_it(machine):
    program = seccomp.build_filter(machine)
    steps = [struct.unpack("=HBBI", program[at : at + 8]) for at in range(0, len(program), 8)]
    assert len(steps) < 4096
    for at, (_code, if_true, if_false, _k) in enumerate(steps[:-1]):
        assert at + 1 + max(if_true, if_false) < len(steps)
    assert steps[-1][0] == 0x06


ALLOW, EPERM, ENOSYS, KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000


def decide(
    machine: str, number: int, args: tuple[int, ...] = (0, 0), arch: int | None = None, *, shares_files: bool = False
) -> int:
    """Run the filter as the kernel does."""
    program = seccomp.build_filter(machine, shares_files=shares_files)
    steps = [struct.unpack("=HBBI", program[at : at + 8]) for at in range(0, len(program), 8)]
    data = struct.pack("=iIQ6Q", number, arch or syscalls.AUDIT_ARCH[machine], 0, *(*args, 0, 0, 0, 0, 0)[:6])
    word, at = 0, 0
    while True:
        code, if_true, if_false, k = steps[at]
        at += 1
        if code == 0x20:
            word = struct.unpack_from("=I", data, k)[0]
        elif code == 0x06:
            return k
        else:
            hit = {0x15: word == k, 0x35: word >= k, 0x45: bool(word & k)}[code]
            at += if_true if hit else if_false


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_decides_as_its_lists_say(machine):
    for number in syscalls.ALLOWED[machine].values():
        assert decide(machine, number) == ALLOW
    checked = syscalls.CHECKED[machine]
    assert decide(machine, checked["clone"], (0x3D0F00,)) == ALLOW
    assert decide(machine, checked["clone"], (0x10000000,)) == EPERM
    assert decide(machine, checked["ioctl"], (1, 0x5401)) == ALLOW
    assert decide(machine, checked["ioctl"], (1, 0x5412)) == EPERM
    assert decide(machine, checked["prctl"], (15,)) == ALLOW
    assert decide(machine, checked["prctl"], (1,)) == EPERM
    assert decide(machine, checked["socketpair"], (1,)) == ALLOW
    assert decide(machine, checked["socketpair"], (2,)) == EPERM
    assert decide(machine, checked["prlimit64"], (0,)) == ALLOW
    assert decide(machine, checked["prlimit64"], (4711,)) == EPERM
    assert decide(machine, 435) == ENOSYS
    assert decide(machine, 0, arch=1) == KILL


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_where_the_hosts_files_are_in_sight_their_modes_and_times_stay(machine):
    withheld = syscalls.ATTRIBUTES & syscalls.ALLOWED[machine].keys()
    assert {"fchmod", "fchmodat", "utimensat"} <= withheld
    for name, number in syscalls.ALLOWED[machine].items():
        assert decide(machine, number, shares_files=True) == (EPERM if name in withheld else ALLOW)


def test_the_two_lists_allow_no_socket_and_no_program():
    dangerous = {
        "x86_64": {41, 42, 43, 49, 50, 59, 101, 155, 161, 165, 272, 308, 310, 321, 322, 425},
        "aarch64": {198, 200, 201, 202, 203, 221, 281, 117, 40, 41, 51, 97, 268, 270, 280, 425},
    }
    for machine, numbers in dangerous.items():
        assert numbers.isdisjoint({*syscalls.ALLOWED[machine].values(), *syscalls.CHECKED[machine].values()})
        assert all(decide(machine, number) in (EPERM, ENOSYS) for number in numbers)


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_numbers_are_the_kernels_own(machine):
    table = Path(__file__).with_name("kernel_tables") / f"{machine}.txt"
    lines = (line.split() for line in table.read_text().splitlines() if not line.startswith("#"))
    known = {name: int(number) for number, name in lines}
    known.setdefault("newfstatat", known.get("fstatat", -1))
    for name, number in {**syscalls.ALLOWED[machine], **syscalls.CHECKED[machine]}.items():
        assert known[name] == number, name
