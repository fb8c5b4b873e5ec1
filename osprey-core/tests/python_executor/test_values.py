"""Tables and arrays as strict JSON and back, in both halves; what only claims to be one stays as it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.errors import UsageError
from osprey.guest import tables
from osprey.guest.results import ResultsError, encode_results
from osprey.services.python_executor.models import RunStatus
from osprey.services.python_executor.values import LARGE, decode, encode

_floats = st.floats() | st.none()
_COLUMNS = {
    "float64": _floats,
    "float32": st.floats(width=32),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "bool": st.booleans(),
    "boolean": st.booleans() | st.none(),
    "Int64": st.integers(-(2**63), 2**63 - 1) | st.none(),
    "string": st.text() | st.none(),
    "category": st.sampled_from(["x", "y"]) | st.none(),
    "datetime64[ns]": st.datetimes(min_value=pd.Timestamp.min.ceil("D"), max_value=pd.Timestamp.max.floor("D")),
    "datetime64[us, Europe/Zurich]": st.datetimes(
        min_value=pd.Timestamp(1990, 1, 1), max_value=pd.Timestamp(2037, 1, 1)
    ),
    "timedelta64[s]": st.integers(-(10**9), 10**9),
}


def _column(dtype: str, cells: list[Any]) -> Any:
    if "Zurich" in dtype:
        return pd.Series(pd.to_datetime(cells).tz_localize("UTC").tz_convert("Europe/Zurich")).astype(dtype)
    return pd.Series(cells, dtype=dtype)


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(st.integers(0, 4))
    names = draw(st.lists(st.text(max_size=3) | st.integers(-9, 9), unique=True, max_size=5))
    columns = []
    for name in names:
        dtype = draw(st.sampled_from(sorted(_COLUMNS)))
        cells = draw(st.lists(_COLUMNS[dtype], min_size=rows, max_size=rows))
        columns.append(_column(dtype, cells).rename(name))
    frame = pd.concat(columns, axis=1) if columns else pd.DataFrame(index=range(rows))
    frame.columns = pd.Index(names, dtype=object)
    if draw(st.booleans()):
        frame.index = pd.Index(
            draw(st.lists(st.integers(0, 99), min_size=rows, max_size=rows)), name="turn", dtype="int64"
        )
    return frame


@given(frames())
def test_a_table_comes_back_as_it_was_through_either_half(frame: pd.DataFrame) -> None:
    encoded = encode({"frame": frame})
    through = json.loads(json.dumps(encoded, allow_nan=False))
    pd.testing.assert_frame_equal(decode(through)["frame"], frame)
    pd.testing.assert_frame_equal(tables.decode(through)["frame"], frame)
    assert encode_results({"frame": frame})[0] == encoded


@pytest.mark.parametrize("shape", [(LARGE + 1,), (3, LARGE), (LARGE,), (2, 2)])
@pytest.mark.parametrize("dtype", ["float32", "int16", ">f8", "bool"])
def test_an_array_comes_back_in_both_halves(shape: tuple[int, ...], dtype: str) -> None:
    array = (np.arange(np.prod(shape)).reshape(shape) % 2).astype(dtype)
    through = json.loads(json.dumps(encode(array), allow_nan=False))
    for found in (decode(through), tables.decode(through)):
        assert np.array_equal(np.asarray(found), array)
        assert isinstance(found, list) == (array.size <= LARGE)


@pytest.mark.parametrize(
    "forged",
    [
        {"__osprey__": "dataframe"},
        {"__osprey__": "dataframe", "columns": 3, "labels": {}, "index": {}},
        {
            "__osprey__": "series",
            "column": {"name": "a", "dtype": "int64", "values": ["x"]},
            "index": {"range": [0, 1, 1]},
        },
        {"__osprey__": "ndarray", "file": "../../secret.npy"},
        {"__osprey__": "ndarray", "file": "arrays/../../secret.npy"},
        {"__osprey__": "ndarray", "dtype": "object", "shape": [1], "data": "AAAAAAAAAAA="},
        {"__osprey__": "os.system", "command": "true"},
    ],
)
def test_what_only_claims_to_be_one_stays_as_it_is(forged: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "runs" / "arrays").mkdir(parents=True)
    np.save(tmp_path / "secret.npy", np.arange(3))
    assert decode(forged, tmp_path / "runs") == forged


@pytest.mark.parametrize(
    "value",
    [
        object(),
        pd.DataFrame({"a": [1 + 2j]}),
        pd.DataFrame({("a", "b"): [1]}),
        pd.DataFrame({"a": [1]}, index=pd.MultiIndex.from_tuples([(1, 2)])),
    ],
)
def test_what_has_no_encoding_is_named_with_the_remedy(value: Any) -> None:
    with pytest.raises(UsageError, match="the value"):
        encode({"x": value})
    with pytest.raises(ResultsError, match="results"):
        encode_results({"x": value})


@pytest.mark.sandbox
def test_a_large_array_becomes_a_file_of_the_run(run) -> None:
    outcome = run("import numpy as np\nresults = {'orbit': np.arange(1_200_000, dtype='>f8').reshape(3, -1)}")
    assert outcome.status is RunStatus.DONE, outcome.error
    assert outcome.results["orbit"]["shape"] == [3, 400_000]
    found = decode(outcome.results, outcome.folder)["orbit"]
    assert np.array_equal(found, np.arange(1_200_000).reshape(3, -1))


@pytest.mark.sandbox
def test_arrays_over_the_limit_are_an_error_of_the_code(run) -> None:
    outcome = run("import numpy as np\nresults = np.zeros(9_000_000)")
    assert outcome.status is RunStatus.FAILED
    assert "64 MiB: reduce them" in outcome.error


@pytest.mark.sandbox
def test_tables_are_given_to_the_code_as_tables(run) -> None:
    frame = pd.DataFrame({"a": [1.5, 2.5]}, index=pd.to_datetime(["2026-01-01", "2026-01-02"]))
    code = "from osprey.runtime import inputs\nresults = [str(inputs['t'].index.dtype), inputs['t']['a'].sum()]"
    outcome = run(code, inputs=encode({"t": frame}))
    assert outcome.results == [str(frame.index.dtype), 4.0]
