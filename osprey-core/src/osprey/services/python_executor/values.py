"""Values with tables and arrays in them, as strict JSON and back; the guest has its own half (`osprey.guest.tables`).

A DataFrame or Series of pandas becomes a mapping with the key ``__osprey__`` that holds its columns one by one, each
with its dtype; a large array of NumPy becomes one that names a file beside it. What is no such mapping stays as it is,
and so does one that does not hold what it says: results come from generated code, and nothing is built by a name.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

from osprey.errors import UsageError

TAG: Final = "__osprey__"
ARRAYS: Final = "arrays"
"""Where large arrays lie in a run's folder, as ``.npy`` files."""
LARGE: Final = 10_000
"""Elements; smaller arrays are lists, which people can read."""
_PANDAS: Final = ("DataFrame", "Series")
_NOT_FINITE: Final = {"inf": math.inf, "-inf": -math.inf}


def encode(value: Any, where: str = "the value") -> Any:
    """Give a value as strict JSON; NaN becomes null.

    :param where: what the value is, for the message.
    :raises UsageError: something in it has no such form.
    """
    match value:
        case None | bool() | str():
            return value
        case int():
            return int(value)
        case float():
            return float(value) if math.isfinite(value) else None
        case Mapping():
            named = cast("Mapping[Any, Any]", value)
            return {str(key): encode(item, f"{where}[{key!r}]") for key, item in named.items()}
        case list() | tuple():
            return [encode(item, f"{where}[{n}]") for n, item in enumerate(cast("list[Any]", value))]
        case Path():
            return str(value)
        case _:
            return _encode_other(value, where)


def decode(value: Any, folder: Path | None = None) -> Any:
    """Give back what was encoded, tables and arrays as they were.

    :param folder: the run's folder, for arrays that lie in files.
    """
    if isinstance(value, list):
        return [decode(item, folder) for item in cast("list[Any]", value)]
    if not isinstance(value, Mapping):
        return value
    mapping = cast("Mapping[str, Any]", value)
    if isinstance(mapping.get(TAG), str):
        try:
            return _decode_tagged(mapping, folder)
        except (KeyError, TypeError, ValueError, OSError, ImportError, OverflowError):
            return dict(mapping)  # it is not what it says, or pandas is not installed here
    return {key: decode(item, folder) for key, item in mapping.items()}


def _encode_other(value: Any, where: str) -> Any:
    kind, module = type(value).__name__, type(value).__module__
    if kind in _PANDAS and module.partition(".")[0] == "pandas":
        return _encode_frame(value, where) if kind == "DataFrame" else _encode_series(value, where)
    if module == "numpy" and hasattr(value, "tolist"):
        return _encode_array(value, where)
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    msg = f"{where} is a {kind}, which has no encoding: give numbers, texts, lists, mappings, arrays or tables"
    raise UsageError(msg)


def _encode_array(array: Any, where: str) -> Any:
    if array.dtype.kind in "mM":
        return encode(array.astype(str).tolist(), where)
    if array.size <= LARGE or array.dtype.kind not in "biuf":
        return encode(array.tolist(), where)
    little = array.astype(array.dtype.newbyteorder("<"))
    held = base64.b64encode(little.tobytes()).decode("ascii")
    return {TAG: "ndarray", "dtype": little.dtype.str, "shape": list(array.shape), "data": held}


def _encode_frame(frame: Any, where: str) -> dict[str, Any]:
    columns = [
        {"name": _label(name, where), **_encode_column(frame.iloc[:, place], f"{where}[{name!r}]")}
        for place, name in enumerate(frame.columns)
    ]
    labels = {"name": _label(frame.columns.name, where), "dtype": str(frame.columns.dtype)}
    return {TAG: "dataframe", "columns": columns, "labels": labels, "index": _encode_index(frame.index, where)}


def _encode_series(series: Any, where: str) -> dict[str, Any]:
    column = {"name": _label(series.name, where), **_encode_column(series, where)}
    return {TAG: "series", "column": column, "index": _encode_index(series.index, where)}


def _encode_index(index: Any, where: str) -> dict[str, Any]:
    name = _label(index.name, where)
    if type(index).__name__ == "RangeIndex":
        return {"name": name, "range": [int(index.start), int(index.stop), int(index.step)]}
    if type(index).__name__ == "MultiIndex":
        msg = f"{where} has an index of several levels, which has no encoding: call reset_index() first"
        raise UsageError(msg)
    return {"name": name, **_encode_column(index.to_series(), f"the index of {where}")}


def _encode_column(column: Any, where: str) -> dict[str, Any]:
    dtype = str(column.dtype)
    if dtype == "category":
        categories = {"name": None, **_encode_column(column.cat.categories.to_series(), where)}
        codes = [int(code) for code in column.cat.codes]
        return {"dtype": dtype, "categories": categories, "ordered": bool(column.cat.ordered), "values": codes}
    if column.dtype.kind in "mM":
        whole = column.astype("int64").tolist()
        gaps = column.isna().tolist()
        return {"dtype": dtype, "values": [None if gap else value for value, gap in zip(whole, gaps, strict=True)]}
    if column.dtype.kind == "c":
        msg = f"{where} holds complex numbers, which have no encoding in a table: give real and imaginary part"
        raise UsageError(msg)
    missing = column.isna().tolist()
    encode_cell = _encode_float if column.dtype.kind == "f" else encode
    cells = zip(column.tolist(), missing, strict=True)
    return {"dtype": dtype, "values": [None if gap else encode_cell(cell, where) for cell, gap in cells]}


def _encode_float(cell: float, _where: str) -> float | str:
    if math.isfinite(cell):
        return cell
    return "inf" if cell > 0 else "-inf"


def _label(name: Any, where: str) -> Any:
    if name is None or isinstance(name, str | bool):
        return name
    if type(name).__module__ == "numpy" and hasattr(name, "item"):
        name = name.item()
    if isinstance(name, int | float):
        return name
    msg = f"{where} has a column called {name!r}: call columns by texts or numbers"
    raise UsageError(msg)


def _decode_tagged(mapping: Mapping[str, Any], folder: Path | None) -> Any:
    match mapping[TAG]:
        case "ndarray":
            return _read_array(mapping) if "data" in mapping else _load_array(str(mapping["file"]), folder)
        case "dataframe":
            return _decode_frame(mapping)
        case "series":
            return _decode_column(mapping["column"], _decode_index(mapping["index"]))
        case _:
            return dict(mapping)


def _read_array(mapping: Mapping[str, Any]) -> Any:
    import numpy as np

    flat: Any = np.frombuffer(base64.b64decode(mapping["data"]), dtype=_plain_dtype(mapping["dtype"]))
    return flat.reshape(mapping["shape"]).copy()


def _plain_dtype(name: Any) -> Any:
    import numpy as np

    dtype = np.dtype(str(name))
    if dtype.kind not in "biuf":
        msg = f"an array of {name} is not read"
        raise ValueError(msg)
    return dtype


def _load_array(file: str, folder: Path | None) -> Any:
    import numpy as np

    if folder is None or Path(file).parts[:-1] != (ARRAYS,):
        msg = "an array lies in the folder of its run"
        raise ValueError(msg)
    return np.load(folder / ARRAYS / Path(file).name, allow_pickle=False)


def _decode_frame(mapping: Mapping[str, Any]) -> Any:
    import pandas as pd

    index = _decode_index(mapping["index"])
    columns = [_decode_column(one, index) for one in mapping["columns"]]
    frame = pd.concat(columns, axis=1) if columns else pd.DataFrame(index=index)
    names, labels = [one["name"] for one in mapping["columns"]], mapping["labels"]
    frame.columns = pd.Index(names, name=labels["name"], dtype=labels["dtype"])
    return frame


def _decode_index(index: Mapping[str, Any]) -> Any:
    import pandas as pd

    if "range" in index:
        start, stop, step = index["range"]
        return pd.RangeIndex(start, stop, step, name=index["name"])
    return pd.Index(_decode_column({**index, "name": index["name"]}, None), name=index["name"])


def _decode_column(column: Mapping[str, Any], index: Any) -> Any:
    import pandas as pd

    dtype, values, name = str(column["dtype"]), list(column["values"]), column["name"]
    if dtype == "category":
        from_codes = cast("Any", pd.Categorical).from_codes
        coded = from_codes(
            values, categories=_decode_column(column["categories"], None), ordered=bool(column["ordered"])
        )
        return pd.Series(coded, index=index, name=name)
    if dtype.startswith(("datetime64[", "timedelta64[")):
        return pd.Series(_times(values, dtype), index=index, name=name)
    if dtype.startswith("float"):
        values = [math.nan if cell is None else _NOT_FINITE.get(str(cell), cell) for cell in values]
    return pd.Series(values, index=index, name=name, dtype=cast("Any", dtype))


def _times(values: list[Any], dtype: str) -> Any:
    import numpy as np
    import pandas as pd

    kind, _, rest = dtype.partition("[")
    unit, _, zone = rest.rstrip("]").partition(", ")
    cells = [np.iinfo("int64").min if cell is None else int(cell) for cell in values]
    times: Any = pd.Series(np.array(cells, dtype="int64").view(f"{kind}[{unit}]"))
    return (times.dt.tz_localize("UTC").dt.tz_convert(zone) if zone else times).array
