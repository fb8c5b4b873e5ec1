"""A facility's channel list as a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.control import ChannelRecord
from osprey.control.channels.channel_file import ROLES, dump_channels, load_channels
from osprey.errors import ConfigError


def _write(folder: Path, text: str) -> Path:
    path = folder / "channels.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_list_is_read_with_every_field(tmp_path: Path) -> None:
    path = _write(
        tmp_path,
        """
channels:
  - name: SR:HCM03:SP
    description: Horizontal corrector
    device: HCM03
    family: HCM
    family_words: [horizontal corrector, steerer]
    sector: 2
    position_m: 12
    quantity: current
    role: setpoint
    unit: A
    readback: SR:HCM03:RB
    aliases: [HCM03]
  - name: SR:HCM03:RB
""",
    )
    first, second = load_channels(path)
    assert first == ChannelRecord(
        name="SR:HCM03:SP",
        description="Horizontal corrector",
        device="HCM03",
        family="HCM",
        family_words=("horizontal corrector", "steerer"),
        sector=2,
        position_m=12.0,
        quantity="current",
        role="setpoint",
        unit="A",
        readback="SR:HCM03:RB",
        aliases=("HCM03",),
    )
    assert second == ChannelRecord(name="SR:HCM03:RB")


@pytest.mark.parametrize(
    "text",
    ['[{"name": "A:B", "sector": 1}]', '{"channels": [{"name": "A:B", "sector": 1}]}', "- {name: A:B, sector: 1}"],
)
def test_json_and_a_bare_list_are_read_too(tmp_path: Path, text: str) -> None:
    assert load_channels(_write(tmp_path, text)) == [ChannelRecord(name="A:B", sector=1)]


@pytest.mark.parametrize("text", ["", "channels:\n", "[]"])
def test_an_empty_list_is_a_list(tmp_path: Path, text: str) -> None:
    assert load_channels(_write(tmp_path, text)) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- name: A\n- name: A\n", "channel 2 (A): the same name as channel 1"),
        ("- name: A\n  sektor: 2\n", "unknown key 'sektor'; did you mean 'sector'?"),
        ("- name: A\n  sector: two\n", "'sector' is a whole number, not 'two'"),
        ("- name: A\n  sector: true\n", "'sector' is a whole number, not True"),
        ("- name: A\n  position_m: .nan\n", "'position_m' is a finite number"),
        ("- name: A\n  position_m: .inf\n", "'position_m' is a finite number"),
        ("- name: A\n  unit: 5\n", "'unit' is a text, not 5; put it in quotes"),
        ("- name: A\n  role: set point\n", "'role' is one of setpoint, readback, status, computed"),
        ("- name: A\n  aliases: B\n", "'aliases' is a list of texts, not 'B'"),
        ("- name: A B\n", "'name' is a channel's name without blanks"),
        ("- description: no name\n", "the key 'name' is missing"),
        ("- just a text\n", "an entry is a mapping with a 'name'"),
        ("chanels: []\n", "the only key is 'channels', not 'chanels'"),
        ("channels: {a: 1}\n", "a channel list is a list of entries"),
        ("- name: [\n", "is not valid YAML"),
        ("- !!python/object/apply:os.system ['true']\n", "is not valid YAML"),
    ],
)
def test_a_mistake_is_named_with_file_entry_and_key(tmp_path: Path, text: str, message: str) -> None:
    path = _write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_channels(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yml cannot be read"):
        load_channels(tmp_path / "nowhere.yml")


_TEXTS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=20)
_NAMES = st.text(st.characters(codec="ascii", categories=("L", "N", "P")), min_size=1, max_size=20)


@given(
    st.lists(
        st.builds(
            ChannelRecord,
            name=_NAMES,
            description=_TEXTS,
            device=_TEXTS,
            family_words=st.lists(_TEXTS, max_size=3).map(tuple),
            sector=st.none() | st.integers(-5, 99),
            position_m=st.none() | st.floats(-1e6, 1e6),
            role=st.sampled_from(ROLES),
            unit=_TEXTS,
            readback=st.none() | _NAMES,
            aliases=st.lists(_NAMES, max_size=2).map(tuple),
        ),
        max_size=4,
        unique_by=lambda record: record.name,
    )
)
def test_what_is_dumped_is_loaded_again(tmp_path_factory: pytest.TempPathFactory, records: list[ChannelRecord]) -> None:
    path = tmp_path_factory.mktemp("channels") / "channels.yml"
    path.write_text(dump_channels(records), encoding="utf-8")
    assert load_channels(path) == records
