"""Generated code: with the list of writes that its rehearsal made, or, where every code is approved, by its text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from osprey.approval.card import Card, base_card, card_of_writes
from osprey.approval.kinds.document import read_content

if TYPE_CHECKING:
    from osprey.journal import RequestRow


class PythonCodeKind:
    """The kind `python_executor`. Its code is edited by asking anew: other code has other effects, to be rehearsed."""

    def card(self, row: RequestRow) -> Card:
        document: Any = json.loads(row.document)
        if "writes" in document:
            return card_of_writes(row)
        content = read_content(row.kind, row.document)
        return base_card(row, code=str(content.get("code", "")))
