"""The device server of these tests: every kind of attribute and command, and a file in which it counts its writes.

    python devices.py INSTANCE -ORBendPoint giop:tcp:127.0.0.1:

The file is named by ``OSPREY_TANGO_PUTS``. A device's property ``many`` gives it so many attributes ``a0000`` ....
"""

from __future__ import annotations

import enum
import os
import sys
import threading
import time
from pathlib import Path

import numpy as np
from tango import Attr, AttrQuality, AttrWriteType, DevDouble, DevState, EnsureOmniThread, UserDefaultAttrProp
from tango.server import Device, attribute, command, device_property, run
from until_stdin_closes import end_with_the_starter

READ_WRITE = AttrWriteType.READ_WRITE
_PUTS = Path(os.environ.get("OSPREY_TANGO_PUTS", os.devnull))
_lock = threading.Lock()


def count(what: str, value: object) -> None:
    """Note a write before it is carried out, so that a server that dies of it has counted it."""
    with _lock, _PUTS.open("a", encoding="utf-8") as file:
        file.write(f"{what} {value}\n")
        file.flush()
        os.fsync(file.fileno())


class Mode(enum.IntEnum):
    OFF = 0
    ON = 1
    FAULT = 2


class Bench(Device):
    """A device for tests."""

    many = device_property(dtype=int, default_value=0)

    current = attribute(
        dtype=float, access=READ_WRITE, unit="mA", format="%6.3f", doc="Current of the supply", label="Current",
        min_value=-100, max_value=100, min_alarm=-90, max_alarm=90, min_warning=-80, max_warning=80,
    )  # fmt: skip
    number = attribute(dtype=int, access=READ_WRITE, min_value=0, max_value=1000)
    small = attribute(dtype=np.int16, access=READ_WRITE)
    flag = attribute(dtype=bool, access=READ_WRITE)
    title = attribute(dtype=str, access=READ_WRITE)
    mode = attribute(dtype=Mode, access=READ_WRITE)
    wave = attribute(dtype=(float,), max_dim_x=8, access=READ_WRITE, unit="V")
    counts = attribute(dtype=(np.int32,), max_dim_x=4, access=READ_WRITE)
    texts = attribute(dtype=(str,), max_dim_x=4)
    empty = attribute(dtype=(float,), max_dim_x=4)
    picture = attribute(dtype=((np.uint16,),), max_dim_x=4, max_dim_y=3, access=READ_WRITE)
    states = attribute(dtype=(DevState,), max_dim_x=4)
    fixed = attribute(dtype=float, unit="mm", doc="Cannot be written")
    order = attribute(dtype=float, access=AttrWriteType.WRITE)
    broken = attribute(dtype=float)
    refusing = attribute(dtype=float, access=READ_WRITE)
    nan = attribute(dtype=float)
    invalid = attribute(dtype=float)
    warned = attribute(dtype=float)
    alarmed = attribute(dtype=float)
    lagging = attribute(dtype=float, access=READ_WRITE, unit="A")
    coded = attribute(dtype="DevEncoded")
    pushed = attribute(dtype=float, access=READ_WRITE, unit="mm")
    fast = attribute(dtype=float)
    silent = attribute(dtype=float, access=READ_WRITE)
    lone = attribute(dtype=float, access=READ_WRITE, unit="A", format="%8.4f", doc="A number that nobody else changes")
    mute = attribute(dtype=float, access=READ_WRITE, doc="Says that it pushes its changes, and pushes none")
    lateput = attribute(dtype=float, access=READ_WRITE)
    slow = attribute(dtype=float, access=READ_WRITE)
    delay = attribute(dtype=float, access=READ_WRITE)
    fatal = attribute(dtype=float, access=READ_WRITE)

    def init_device(self) -> None:
        super().init_device()
        self._held = {
            "current": 1.0, "number": 1, "small": 1, "flag": False, "title": "first", "mode": Mode.OFF,
            "wave": [1.0, 2.0, 3.0], "counts": [1, 2], "picture": np.arange(12, dtype=np.uint16).reshape(3, 4),
            "order": 0.0, "refusing": 0.0, "lagging": 0.0, "pushed": 0.0, "silent": 0.0, "slow": 0.0, "delay": 1.0,
            "fatal": 0.0, "lone": 0.0, "lateput": 0.0,
            "mute": 0.0,
        }  # fmt: skip
        self._goal = 0.0
        self._fast = 0.0
        self._many = np.zeros(self.many)
        self.set_state(DevState.ON)
        self.set_status("all is well")
        for name in ("pushed", "fast", "lone", "mute"):
            self.set_change_event(name, True, False)
        self._stop = threading.Event()
        threading.Thread(target=self._push, daemon=True).start()

    def delete_device(self) -> None:
        self._stop.set()

    def initialize_dynamic_attributes(self) -> None:
        for number in range(self.many):
            one = Attr(f"a{number:04d}", DevDouble, READ_WRITE)
            properties = UserDefaultAttrProp()
            properties.set_min_value("-10000")
            properties.set_max_value("10000")
            properties.set_unit("A")
            one.set_default_properties(properties)
            self.add_attribute(one, self._read_one, self._write_one)

    def _read_one(self, attr: object) -> None:
        attr.set_value(self._many[int(attr.get_name()[1:])])

    def _write_one(self, attr: object) -> None:
        value = attr.get_write_value()
        if _PUTS.name != "null":
            count(attr.get_name(), value)
        if value == 666.0:
            raise RuntimeError("interlock")
        self._many[int(attr.get_name()[1:])] = value

    def _push(self) -> None:
        with EnsureOmniThread():
            while not self._stop.wait(0.005):
                self._fast += 1
                self.push_change_event("fast", self._fast)

    def _write(self, name: str, value: object) -> None:
        count(name, value)
        self._held[name] = value

    def read_current(self): return self._held["current"]  # fmt: skip

    def write_current(self, value): self._write("current", value)  # fmt: skip

    def read_number(self): return self._held["number"]  # fmt: skip

    def write_number(self, value): self._write("number", value)  # fmt: skip

    def read_small(self): return self._held["small"]  # fmt: skip

    def write_small(self, value): self._write("small", value)  # fmt: skip

    def read_flag(self): return self._held["flag"]  # fmt: skip

    def write_flag(self, value): self._write("flag", value)  # fmt: skip

    def read_title(self): return self._held["title"]  # fmt: skip

    def write_title(self, value): self._write("title", value)  # fmt: skip

    def read_mode(self): return self._held["mode"]  # fmt: skip

    def write_mode(self, value): self._write("mode", Mode(value))  # fmt: skip

    def read_wave(self): return self._held["wave"]  # fmt: skip

    def write_wave(self, value): self._write("wave", [float(one) for one in value])  # fmt: skip

    def read_counts(self): return self._held["counts"]  # fmt: skip

    def write_counts(self, value): self._write("counts", [int(one) for one in value])  # fmt: skip

    def read_texts(self): return ["one", "two"]  # fmt: skip

    def read_empty(self): return []  # fmt: skip

    def read_picture(self): return self._held["picture"]  # fmt: skip

    def write_picture(self, value): self._write("picture", np.array(value))  # fmt: skip

    def read_states(self): return [DevState.ON, DevState.FAULT]  # fmt: skip

    def read_fixed(self): return 2.5  # fmt: skip

    def write_order(self, value): self._write("order", value)  # fmt: skip

    def read_broken(self): raise RuntimeError("hardware on fire")  # fmt: skip

    def read_refusing(self): return self._held["refusing"]  # fmt: skip

    def read_nan(self): return float("nan")  # fmt: skip

    def read_invalid(self): return 3.0, time.time(), AttrQuality.ATTR_INVALID  # fmt: skip

    def read_warned(self): return 3.0, time.time(), AttrQuality.ATTR_WARNING  # fmt: skip

    def read_alarmed(self): return 3.0, time.time(), AttrQuality.ATTR_ALARM  # fmt: skip

    def read_coded(self): return "json", b"{}"  # fmt: skip

    def read_pushed(self): return self._held["pushed"]  # fmt: skip

    def read_fast(self): return self._fast  # fmt: skip

    def read_silent(self): return self._held["silent"]  # fmt: skip

    def write_silent(self, value): self._write("silent", value)  # fmt: skip

    def read_lone(self): return self._held["lone"]  # fmt: skip

    def read_mute(self): return self._held["mute"]  # fmt: skip

    def write_mute(self, value): self._write("mute", value)  # fmt: skip

    def read_lateput(self): return self._held["lateput"]  # fmt: skip

    def read_delay(self): return self._held["delay"]  # fmt: skip

    def write_delay(self, value): self._held["delay"] = value  # fmt: skip

    def read_fatal(self): return self._held["fatal"]  # fmt: skip

    def write_refusing(self, value: float) -> None:
        count("refusing", value)
        raise RuntimeError("interlock")

    def write_pushed(self, value: float) -> None:
        self._write("pushed", value)
        self.push_change_event("pushed", value)

    def read_lagging(self) -> tuple[float, float, AttrQuality]:
        """Come a quarter nearer to the goal with every reading: what a slow supply shows."""
        held = self._held["lagging"]
        held = self._goal if abs(self._goal - held) < 0.05 else held + (self._goal - held) / 4
        self._held["lagging"] = held
        return held, time.time(), AttrQuality.ATTR_VALID if held == self._goal else AttrQuality.ATTR_CHANGING

    def write_lagging(self, value: float) -> None:
        count("lagging", value)
        self._goal = value

    def read_slow(self) -> float:
        time.sleep(self._held["delay"])
        return self._held["slow"]

    def write_slow(self, value: float) -> None:
        count("slow", value)
        time.sleep(self._held["delay"])
        self._held["slow"] = value

    def write_lone(self, value: float) -> None:
        self._write("lone", value)
        self.push_change_event("lone", value)

    def write_lateput(self, value: float) -> None:
        count("lateput", value)
        time.sleep(self._held["delay"])
        self._held["lateput"] = value

    def write_fatal(self, value: float) -> None:
        count("fatal", value)
        os._exit(3)

    @command
    def Reset(self) -> None:
        count("Reset", "")

    @command(dtype_in=float, dtype_out=float)
    def Scale(self, value: float) -> float:
        count("Scale", value)
        return 2 * value

    @command(dtype_in=(float,))
    def Take(self, values: list[float]) -> None:
        count("Take", [float(value) for value in values])

    @command(dtype_out=float)
    def Temperature(self) -> float:
        count("Temperature", "")
        return 21.5

    @command(dtype_out=(float,))
    def Profile(self) -> list[float]:
        return [1.0, 2.0]

    @command(dtype_out=DevState)
    def Which(self) -> DevState:
        return DevState.MOVING

    @command
    def Fail(self) -> None:
        count("Fail", "")
        raise RuntimeError("interlock")


if __name__ == "__main__":
    end_with_the_starter()
    run((Bench,), args=["devices", *sys.argv[1:]])
