"""Values of a turn as plain JSON, which is all that a checkpoint may hold.

A checkpoint outlives the process and the version that wrote it, so no class may be named in it.
"""

from __future__ import annotations

import json
from typing import Any

import cattrs


def to_plain(value: object) -> Any:
    """Give an attrs value as dictionaries, lists, texts and numbers only.

    :raises TypeError: something in it is not JSON.
    """
    return json.loads(json.dumps(cattrs.unstructure(value)))
