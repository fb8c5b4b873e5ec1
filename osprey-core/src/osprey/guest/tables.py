"""Tables of pandas and large arrays of NumPy as strict JSON, and back: the guest's half of what the parent does too.

A DataFrame is ``{"__osprey__": "dataframe", "columns": [...], "labels": ..., "index": ...}``, each column with its
name, dtype and values; a Series is one column with its index. Times are whole numbers of their dtype's unit, missing
values are null, infinities of a float column are the texts ``inf`` and ``-inf``. A large array is
``{"__osprey__": "ndarray", "file": ...}`` in results, whose bytes go to the parent by themselves, and holds its bytes
as ``data`` in inputs.
"""

from __future__ import annotations

import base64
import math
from typing import Any, Callable

TAG = "__osprey__"
_NOT_FINITE = {"inf": math.inf, "-inf": -math.inf}

Encode = Callable[[Any], Any]


class TableError(TypeError):
    """Something of a table has no encoding."""


def is_table(value: Any) -> bool:
    """Say whether a value is a table of pandas, without importing pandas."""
    return type(value).__name__ in ("DataFrame", "Series") and type(value).__module__.partition(".")[0] == "pandas"


def encode_table(value: Any, encode: Encode) -> dict[str, Any]:
    """Give a table as a mapping.

    :param encode: gives one cell as JSON.
    """
    if type(value).__name__ == "Series":
        column = {"name": _label(value.name), **_encode_column(value, encode)}
        return {TAG: "series", "column": column, "index": _encode_index(value.index, encode)}
    columns = [
        {"name": _label(name), **_encode_column(value.iloc[:, place], encode)}
        for place, name in enumerate(value.columns)
    ]
    labels = {"name": _label(value.columns.name), "dtype": str(value.columns.dtype)}
    return {TAG: "dataframe", "columns": columns, "labels": labels, "index": _encode_index(value.index, encode)}


def _encode_index(index: Any, encode: Encode) -> dict[str, Any]:
    name = _label(index.name)
    if type(index).__name__ == "RangeIndex":
        return {"name": name, "range": [int(index.start), int(index.stop), int(index.step)]}
    if type(index).__name__ == "MultiIndex":
        msg = "an index of several levels has no encoding: call reset_index() first"
        raise TableError(msg)
    return {"name": name, **_encode_column(index.to_series(), encode)}


def _encode_column(column: Any, encode: Encode) -> dict[str, Any]:
    dtype = str(column.dtype)
    if dtype == "category":
        categories = {"name": None, **_encode_column(column.cat.categories.to_series(), encode)}
        codes = [int(code) for code in column.cat.codes]
        return {"dtype": dtype, "categories": categories, "ordered": bool(column.cat.ordered), "values": codes}
    if column.dtype.kind == "c":
        msg = "complex numbers have no encoding in a table: give real and imaginary part"
        raise TableError(msg)
    missing = column.isna().tolist()
    if column.dtype.kind in "mM":
        cells = column.astype("int64").tolist()
        return {"dtype": dtype, "values": [None if gap else cell for cell, gap in zip(cells, missing)]}
    encode_cell = _encode_float if column.dtype.kind == "f" else encode
    return {"dtype": dtype, "values": [None if gap else encode_cell(c) for c, gap in zip(column.tolist(), missing)]}


def _encode_float(cell: float) -> Any:
    if math.isfinite(cell):
        return cell
    return "inf" if cell > 0 else "-inf"


def _label(name: Any) -> Any:
    if name is None or isinstance(name, (str, bool)):
        return name
    if type(name).__module__ == "numpy" and hasattr(name, "item"):
        name = name.item()
    if isinstance(name, (int, float)):
        return name
    msg = f"a column is called {name!r}: call columns by texts or numbers"
    raise TableError(msg)


def decode(value: Any) -> Any:
    """Give back what was encoded; a mapping that does not hold what it says stays as it is."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get(TAG), str):
        try:
            return _decode_tagged(value)
        except (KeyError, TypeError, ValueError, ImportError, OverflowError):
            return value
    return {key: decode(item) for key, item in value.items()}


def _decode_tagged(value: dict[str, Any]) -> Any:
    if value[TAG] == "ndarray":
        return _decode_array(value)
    if value[TAG] == "series":
        return _decode_column(value["column"], _decode_index(value["index"]))
    if value[TAG] == "dataframe":
        return _decode_frame(value)
    return value


def _decode_array(value: dict[str, Any]) -> Any:
    import numpy as np

    flat = np.frombuffer(base64.b64decode(value["data"]), dtype=value["dtype"])
    return flat.reshape(value["shape"]).copy()


def _decode_frame(value: dict[str, Any]) -> Any:
    import pandas as pd

    index = _decode_index(value["index"])
    columns = [_decode_column(one, index) for one in value["columns"]]
    frame = pd.concat(columns, axis=1) if columns else pd.DataFrame(index=index)
    labels = value["labels"]
    frame.columns = pd.Index([one["name"] for one in value["columns"]], name=labels["name"], dtype=labels["dtype"])
    return frame


def _decode_index(index: dict[str, Any]) -> Any:
    import pandas as pd

    if "range" in index:
        start, stop, step = index["range"]
        return pd.RangeIndex(start, stop, step, name=index["name"])
    return pd.Index(_decode_column(index, None), name=index["name"])


def _decode_column(column: dict[str, Any], index: Any) -> Any:
    import pandas as pd

    dtype, values, name = str(column["dtype"]), list(column["values"]), column["name"]
    if dtype == "category":
        categories = _decode_column(column["categories"], None)
        coded = pd.Categorical.from_codes(values, categories=categories, ordered=bool(column["ordered"]))
        return pd.Series(coded, index=index, name=name)
    if dtype.startswith(("datetime64[", "timedelta64[")):
        return pd.Series(_times(values, dtype), index=index, name=name)
    if dtype.startswith("float"):
        values = [math.nan if cell is None else _NOT_FINITE.get(str(cell), cell) for cell in values]
    return pd.Series(values, index=index, name=name, dtype=dtype)


def _times(values: list[Any], dtype: str) -> Any:
    import numpy as np
    import pandas as pd

    kind, _, rest = dtype.partition("[")
    unit, _, zone = rest.rstrip("]").partition(", ")
    cells = [np.iinfo("int64").min if cell is None else int(cell) for cell in values]
    times = pd.Series(np.array(cells, dtype="int64").view(f"{kind}[{unit}]"))
    return (times.dt.tz_localize("UTC").dt.tz_convert(zone) if zone else times).array
