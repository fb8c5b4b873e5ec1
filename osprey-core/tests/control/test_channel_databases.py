"""Tables, and the predecessor's four databases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from osprey.control import ChannelRecord, DType
from osprey.control.channels.channel_file import load_channels
from osprey.errors import ConfigError


def _load(folder: Path, document: Any) -> dict[str, ChannelRecord]:
    path = folder / "channels.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return {record.name: record for record in load_channels(path)}


FLAT = [
    {"channel": "BeamCurrent", "address": "SR:DCCT:CURRENT", "description": "Stored beam in mA", "units": "mA"},
    {"channel": "ValveSetPoint", "address": "VAL:1:SP", "description": "Position command"},
    {"channel": "ValveReadBack", "address": "VAL:1:RB", "description": "Actual position"},
]


@pytest.mark.parametrize("document", [FLAT, {"channels": FLAT}, {"_metadata": {"version": 1}, "channels": FLAT}])
def test_a_flat_database_is_read(tmp_path: Path, document: Any) -> None:
    found = _load(tmp_path, document)
    beam = found["SR:DCCT:CURRENT"]
    assert (beam.aliases, beam.unit, beam.quantity, beam.role) == (("BeamCurrent",), "mA", "current", "readback")
    assert (found["VAL:1:SP"].role, found["VAL:1:SP"].readback) == ("setpoint", "VAL:1:RB")


def test_an_address_that_stands_twice_is_one_channel_with_two_aliases(tmp_path: Path) -> None:
    twice = [{"channel": "Old", "address": "A:B"}, {"channel": "New", "address": "A:B"}]
    assert _load(tmp_path, twice)["A:B"].aliases == ("Old", "New")


TEMPLATE = {
    "channels": [
        {"template": False, "channel": "RFFrequency", "address": "RF:FREQ", "description": "cavity frequency"},
        {
            "template": True,
            "base_name": "Corrector",
            "instances": [1, 3],
            "axes": ["X", "Y"],
            "sub_channels": ["SetPoint", "ReadBack"],
            "description": "Corrector magnets",
            "address_pattern": "COR:{instance:02d}:{axis}{suffix}",
            "channel_descriptions": {"XSetPoint": "Horizontal corrector {instance:02d} setpoint current"},
        },
        {"template": True, "base_name": "BPM", "instances": [1, 2], "sub_channels": ["XPosition"]},
    ]
}


def test_a_template_database_is_written_out(tmp_path: Path) -> None:
    found = _load(tmp_path, TEMPLATE)
    assert len(found) == 1 + 3 * 2 * 2 + 2
    setpoint = found["COR:02:XSetPoint"]
    assert setpoint.description == "Horizontal corrector 02 setpoint current"
    assert (setpoint.device, setpoint.family, setpoint.role) == ("Corrector02", "Corrector", "setpoint")
    assert setpoint.aliases == ("Corrector02XSetPoint",)
    assert setpoint.readback == "COR:02:XReadBack"
    assert found["COR:02:YReadBack"].description == "Corrector magnets"
    assert "BPM01XPosition" in found


HIERARCHY = {
    "hierarchy": {
        "levels": [
            {"name": "system", "type": "tree"},
            {"name": "family", "type": "tree"},
            {"name": "device", "type": "instances"},
            {"name": "field", "type": "tree"},
            {"name": "subfield", "type": "tree", "optional": True},
        ],
        "naming_pattern": "{system}:{family}[{device}]:{field}:{subfield}",
    },
    "tree": {
        "Magnets": {
            "_channel_part": "MAG",
            "_description": "magnets",
            "DIPOLE": {
                "_description": "bending magnets",
                "DEVICE": {
                    "_expansion": {"_type": "range", "_pattern": "B{:02d}", "_range": [1, 3]},
                    "CURRENT": {
                        "_description": "current",
                        "SP": {"_description": "setpoint"},
                        "RB": {"_description": "readback"},
                    },
                    "STATUS": {"_description": "status", "_separator": "_", "READY": {}},
                    "MODE": {"_is_leaf": True, "RB": {}},
                    "TEMPERATURE": {"_description": "temperature"},
                },
            },
        },
        "DIAG": {"DCCT": {"DEVICE": {"_expansion": {"_type": "list", "_instances": ["MAIN"]}, "CURRENT": {}}}},
    },
}


def test_a_hierarchical_database_is_walked(tmp_path: Path) -> None:
    found = _load(tmp_path, HIERARCHY)
    one = {name for name in found if "B01" in name}
    assert one == {
        "MAG:DIPOLE[B01]:CURRENT:SP",
        "MAG:DIPOLE[B01]:CURRENT:RB",
        "MAG:DIPOLE[B01]:STATUS_READY",
        "MAG:DIPOLE[B01]:MODE",
        "MAG:DIPOLE[B01]:MODE:RB",
        "MAG:DIPOLE[B01]:TEMPERATURE",
    }
    assert len(found) == 3 * 6 + 1
    assert "DIAG:DCCT[MAIN]:CURRENT" in found
    setpoint = found["MAG:DIPOLE[B02]:CURRENT:SP"]
    assert setpoint.description == "magnets, bending magnets, current, setpoint"
    assert (setpoint.device, setpoint.family, setpoint.quantity) == ("B02", "DIPOLE", "current")
    assert (setpoint.role, setpoint.readback) == ("setpoint", "MAG:DIPOLE[B02]:CURRENT:RB")
    assert found["MAG:DIPOLE[B01]:STATUS_READY"].role == "status"


def test_an_optional_level_of_instances_may_be_left_out(tmp_path: Path) -> None:
    document = {
        "hierarchy": {
            "levels": [
                {"name": "device", "type": "tree"},
                {"name": "unit", "type": "instances", "optional": True},
                {"name": "signal", "type": "tree"},
            ],
            "naming_pattern": "{device}:{unit}:{signal}",
        },
        "tree": {"PUMP": {"UNIT": {"_expansion": {"_range": [1, 2]}, "SPEED": {}}, "HEARTBEAT": {}}},
    }
    assert sorted(_load(tmp_path, document)) == ["PUMP:1:SPEED", "PUMP:2:SPEED", "PUMP:HEARTBEAT"]


MIDDLE_LAYER = {
    "SR": {
        "_description": "storage ring",
        "HCM": {
            "_description": "horizontal corrector",
            "Setpoint": {"ChannelNames": ["SR:HCM1:SP", "", "SR:HCM3:SP"], "HWUnits": "A", "DataType": "Scalar"},
            "Monitor": {"ChannelNames": ["SR:HCM1:RB", "SR:HCM2:RB", "SR:HCM3:RB"], "HWUnits": "A"},
            "STATUS": {"READY": {"_description": "ready", "ChannelNames": "SR:HCM1:READY", "DataType": "enum"}},
            "setup": {"CommonNames": ["HCM 1", "HCM 2", "HCM 3"], "DeviceList": [[1, 1], [1, 2], [2, 1]]},
        },
        "DCCT": {"Monitor": {"ChannelNames": ["SR:DCCT"], "DataType": "double", "Units": "mA"}},
    }
}


def test_a_middle_layer_database_is_read(tmp_path: Path) -> None:
    found = _load(tmp_path, MIDDLE_LAYER)
    assert len(found) == 7
    third = found["SR:HCM3:SP"]
    assert (third.device, third.sector, third.family, third.unit) == ("HCM 3", 2, "HCM", "A")
    assert third.family_words == ("horizontal corrector",)
    assert (third.role, third.readback) == ("setpoint", "SR:HCM3:RB")
    assert third.description == "storage ring horizontal corrector HCM 3 Setpoint"
    assert found["SR:HCM1:READY"].dtype is DType.ENUM
    assert (found["SR:DCCT"].dtype, found["SR:DCCT"].unit) == (DType.FLOAT, "mA")


def _levels(*kinds: str, pattern: str) -> dict[str, Any]:
    return {"levels": [{"name": f"l{n}", "type": kind} for n, kind in enumerate(kinds)], "naming_pattern": pattern}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([{"channel": "A B", "description": "two words"}], "channel 1 of a flat or template database"),
        ([{"base_name": "BPM", "sub_channels": ["X"]}], "the key 'instances' is missing"),
        ([{"base_name": "B", "instances": [1, 2], "sub_channels": ["X"], "address_pattern": "{nope}"}], "'nope'"),
        ([{"base_name": "B", "instances": [1, 10**9], "sub_channels": ["X"]}], "more than 1000000 instances"),
        ([{"address": "A"}, "text"], "channel 2 of a flat or template database: an entry is a mapping"),
        ({"hierarchy": _levels("tree", pattern="{x}"), "tree": {}}, "naming_pattern names {x}, which is no level"),
        ({"hierarchy": _levels("wood", pattern="{l0}"), "tree": {}}, "of type 'tree' or 'instances', not 'wood'"),
        ({"hierarchy": {"levels": []}, "tree": {}}, "the key 'naming_pattern' is missing"),
        (
            {"hierarchy": _levels("instances", pattern="{l0}"), "tree": {"L0": {}}},
            "the key '_expansion' is missing",
        ),
        (
            {"hierarchy": _levels("instances", pattern="{l0}"), "tree": {"PUMP": {}}},
            "beside the instances of level 'l0' stands 'PUMP'",
        ),
        (
            {
                "hierarchy": _levels("instances", pattern="{l0}"),
                "tree": {"L0": {"_expansion": {"_range": [0, 10**9]}}},
            },
            "has more than",
        ),
        ({"SR": {"BPM": {"X": {"ChannelNames": {"a": "b"}}}}}, "BPM.X.ChannelNames is a list of names"),
        ({"SR": {"BPM": {"X": {"ChannelNames": ["A B"]}}}}, "BPM.X.ChannelNames: 'ChannelNames' is a channel's name"),
    ],
)
def test_a_mistake_in_a_database_is_named(tmp_path: Path, document: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, document)
    assert message in str(caught.value)
    assert str(tmp_path / "channels.json") in str(caught.value)


TABLE = """name,description,sector,position_m,role,aliases,dtype,labels,length
SR:HCM:SP,"corrector, horizontal",3,12.5,setpoint,HCM;STEERER,float,,
SR:VALVE,,,,status,,enum,CLOSED;OPEN,
SR:WAVE,,,,,,,,32
"""


def test_a_table_is_read(tmp_path: Path) -> None:
    path = tmp_path / "channels.csv"
    path.write_text("\ufeff" + TABLE, encoding="utf-8")
    first, second, third = load_channels(path)
    assert first == ChannelRecord(
        name="SR:HCM:SP",
        description="corrector, horizontal",
        sector=3,
        position_m=12.5,
        role="setpoint",
        aliases=("HCM", "STEERER"),
        dtype=DType.FLOAT,
    )
    assert (second.dtype, second.labels) == (DType.ENUM, ("CLOSED", "OPEN"))
    assert (third.role, third.length) == ("readback", 32)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,sektor\nA,1\n", "the header: unknown key 'sektor'; did you mean 'sector'?"),
        ("name,name\nA,B\n", "names a key twice"),
        ("name,unit\nA,B,C\n", "row 2 has 3 cells, the header 2"),
        ("name,sector\nA,two\n", "'sector' is a whole number, not 'two'"),
        ("name,position_m\nA,nan\n", "'position_m' is a finite number"),
        ("name,length\nA,0\n", "'length' is 1 or more"),
        ("name,dtype\nA,double\n", "'dtype' is one of bool, int, float, str, enum"),
        ('name,unit\nA,"open\n', "not a table of comma-separated values"),
        ("description\nB\n", "the key 'name' is missing"),
    ],
)
def test_a_mistake_in_a_table_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "channels.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_channels(path)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"name": "A"', "is not valid JSON"),
        ('[{"name": "A", "name": "B"}]', "the key 'name' stands twice"),
        ("[" * 100_000, "is not valid JSON"),
        ('[{"name": "A", "sector": 1e400}]', "'sector' is a whole number"),
        ('[{"name": "A", "position_m": NaN}]', "'position_m' is a finite number"),
        ('[{"name": "A\\ud800"}]', "'name' is a channel's name"),
        ("[{" + '"position_m": 1' + "0" * 400 + ', "name": "A"}]', "'position_m' is a finite number"),
    ],
)
def test_a_mistake_in_json_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "channels.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_channels(path)
    assert message in str(caught.value)
