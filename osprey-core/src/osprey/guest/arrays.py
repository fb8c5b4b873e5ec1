"""Large arrays on their way to the parent: in pieces, as plain bytes."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .link import Link

_PIECE = 3 << 20
"""Bytes of a piece; in its frame they are a third longer."""


class ArraySender:
    """Sends arrays, and names the files that the parent makes of them."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def __call__(self, array: Any) -> str:
        little = array.astype(array.dtype.newbyteorder("<"))
        data = little.tobytes()
        file = self._link.call("array", dtype=little.dtype.str, shape=list(array.shape))
        for start in range(0, len(data), _PIECE):
            piece = base64.b64encode(data[start : start + _PIECE]).decode("ascii")
            self._link.call("array_data", data=piece)
        return str(file)
