"""The approved document: canonical, exact, strict, and with hashes that never change."""

from __future__ import annotations

import json
import math

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from osprey.control import Bounds, DType, JudgedItem, Judgement, WriteItem
from osprey.control.exact import exact, inexact, packed, unpacked
from osprey.control.payload import batch_of, canonical_json, read_document, sha256_of, write_document
from osprey.errors import RefusedError

ITEM = JudgedItem(
    channel="SR:1.VAL",
    name="SR:1",
    group=0,
    is_allowed=True,
    rule="ok",
    reason="",
    value=0.1,
    unit="A",
    before=-0.0,
    bounds=Bounds(-1, 1),
    readback="SR:1:RB",
    tolerance=0.01,
    line=12,
)
JUDGEMENT = Judgement(
    target="ring",
    is_allowed=True,
    items=(
        ITEM,
        evolve(ITEM, name="SR:2", value=7, dtype=DType.INT, before=2**63, readback=None, line=None),
        evolve(ITEM, name="SR:3", group=1, value=1, dtype=DType.ENUM, label="OPEN", before=0, unit=""),
        evolve(ITEM, name="SR:4", group=1, value=True, dtype=DType.BOOL, before=False, unit=""),
        evolve(ITEM, name="SR:5", group=1, value="Überlauf", dtype=DType.STR, before="", unit=""),
        evolve(ITEM, name="SR:6", group=2, value=[0.5, 1e-300], shape=(2,), before=[math.inf, 0.0]),
    ),
    limits_sha256="ab" * 32,
    simulated=True,
    posture="simulation",
    judged_ns=1,
    observe=("SR:7",),
    settle_s=0.25,
)

GOLDEN_DOCUMENT = (
    '{"code_sha256":"00","schema":1,"writes":{"groups":['
    '[{"before":"-0x0.0p+0","channel":"SR:1","dtype":"float","label":null,"line":12,"readback":"SR:1:RB","shape":[],'
    '"tolerance":"0x1.47ae147ae147bp-7","unit":"A","value":"0x1.999999999999ap-4"},'
    '{"before":"9223372036854775808","channel":"SR:2","dtype":"int","label":null,"line":null,"readback":null,"shape":[],'
    '"tolerance":"0x1.47ae147ae147bp-7","unit":"A","value":"7"}],'
    '[{"before":"0","channel":"SR:3","dtype":"enum","label":"OPEN","line":12,"readback":"SR:1:RB","shape":[],'
    '"tolerance":"0x1.47ae147ae147bp-7","unit":"","value":"1"},'
    '{"before":false,"channel":"SR:4","dtype":"bool","label":null,"line":12,"readback":"SR:1:RB","shape":[],'
    '"tolerance":"0x1.47ae147ae147bp-7","unit":"","value":true},'
    '{"before":"","channel":"SR:5","dtype":"str","label":null,"line":12,"readback":"SR:1:RB","shape":[],'
    '"tolerance":"0x1.47ae147ae147bp-7","unit":"","value":"\\u00dcberlauf"}],'
    '[{"before":["inf","0x0.0p+0"],"channel":"SR:6","dtype":"float","label":null,"line":12,"readback":"SR:1:RB",'
    '"shape":[2],"tolerance":"0x1.47ae147ae147bp-7","unit":"A",'
    '"value":["0x1.0000000000000p-1","0x1.56e1fc2f8f359p-997"]}]],'
    '"limits_sha256":"abababababababababababababababababababababababababababababababab","observe":["SR:7"],'
    '"settle_s":"0x1.0000000000000p-2","simulated":true,"target":"ring"}}'
)
GOLDEN_HASH = "a8d6df70e3dadf072ab2be4d4f37307a1eff59d2eb22174a29af426fafa8c4e7"


def test_a_document_has_one_text_and_one_hash_for_ever():
    document = write_document(JUDGEMENT, code_sha256="00")
    assert document == GOLDEN_DOCUMENT
    assert sha256_of(document) == GOLDEN_HASH


def test_a_document_gives_back_exactly_the_writes_that_were_judged():
    document = write_document(JUDGEMENT)
    batch = batch_of(document)
    assert (batch.target, batch.observe, batch.settle_s) == ("ring", ("SR:7",), 0.25)
    assert [len(group) for group in batch.groups] == [2, 3, 1]
    assert batch.groups[0][0] == WriteItem(channel="SR:1", value=0.1, unit="A", line=12)
    assert batch.groups[2][0].value == [0.5, 1e-300]
    approved = read_document(document)
    assert math.copysign(1, approved.groups[0][0].before) == -1
    assert approved.groups[0][1].before == 2**63


def test_what_is_bound_beside_the_writes_changes_the_hash():
    one = write_document(JUDGEMENT, code_sha256="00")
    assert sha256_of(one) != sha256_of(write_document(JUDGEMENT, code_sha256="01"))
    assert json.loads(one)["code_sha256"] == "00"
    with pytest.raises(ValueError, match="writes"):
        write_document(JUDGEMENT, writes={})


@pytest.mark.parametrize(
    "change",
    [
        {"value": math.nextafter(0.1, 1)},
        {"name": "SR:2"},
        {"unit": "mA"},
        {"tolerance": 0.02},
        {"before": 0.0},
        {"readback": None},
        {"label": "OPEN"},
        {"line": 13},
        {"group": 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_part_of_a_write_is_in_the_hash(change):
    def hash_of(item):
        return sha256_of(write_document(evolve(JUDGEMENT, items=(ITEM, item))))

    if "group" in change:
        assert hash_of(evolve(ITEM, **change)) != hash_of(ITEM)
    else:
        assert hash_of(evolve(ITEM, **change)) != hash_of(ITEM)


@pytest.mark.parametrize("part", ["target", "simulated", "observe", "settle_s", "limits_sha256"])
def test_every_part_of_the_batch_is_in_the_hash(part):
    other = {"target": "epics", "simulated": False, "observe": (), "settle_s": 0.5, "limits_sha256": ""}
    changed = evolve(JUDGEMENT, **{part: other[part]})
    assert sha256_of(write_document(changed)) != sha256_of(write_document(JUDGEMENT))


def _damaged():
    whole = json.loads(write_document(JUDGEMENT))
    item = whole["writes"]["groups"][0][0]

    def with_writes(**change):
        return canonical_json({**whole, "writes": {**whole["writes"], **change}})

    def with_item(**change):
        return with_writes(groups=[[{**item, **change}]])

    yield "spaces", json.dumps(whole)
    yield "doubled key", canonical_json(whole).replace('{"groups"', '{"target":"x","groups"')
    yield "other schema", canonical_json({**whole, "schema": 2})
    yield "schema true", canonical_json({**whole, "schema": True})
    yield "unknown key", with_writes(force=True)
    yield "unknown item key", with_item(force=True)
    yield "value as number", with_item(value=0.1)
    yield "truth for a float", with_item(value=True)
    yield "wrong dtype", with_item(dtype="double")
    yield "wrong shape", with_item(shape=[1])
    yield "endless settling", with_writes(settle_s="inf")
    yield "simulated as text", with_writes(simulated="true")
    yield "groups as text", with_writes(groups="ab")
    yield "a list", "[]"
    yield "not JSON", "{"


@pytest.mark.parametrize(("name", "document"), list(_damaged()), ids=lambda value: value[:20])
def test_a_document_that_is_not_wholly_understood_is_refused(name, document):
    with pytest.raises(RefusedError) as refused:
        read_document(document)
    assert refused.value.rule == "payload.not_understood"


def test_there_is_no_document_without_a_value_before():
    with pytest.raises(RefusedError, match="no fresh value"):
        write_document(evolve(JUDGEMENT, items=(evolve(ITEM, before=None),)))


SCALARS = {
    DType.FLOAT: st.floats(),
    DType.INT: st.integers(),
    DType.ENUM: st.integers(0, 100),
    DType.BOOL: st.booleans(),
    DType.STR: st.text(),
}


@given(st.sampled_from(list(DType)).flatmap(lambda d: st.tuples(st.just(d), SCALARS[d] | st.lists(SCALARS[d]))))
def test_an_exact_form_loses_nothing(case):
    dtype, value = case
    form = json.loads(json.dumps(packed(value, dtype), allow_nan=False))
    assert repr(unpacked(form)) == repr(value)
    assert repr(inexact(exact(value, dtype), dtype)) == repr(value)


def test_half_a_state_has_no_exact_form():
    with pytest.raises(ValueError, match="whole"):
        exact(0.5, DType.ENUM)
