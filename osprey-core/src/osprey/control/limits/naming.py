"""When two spellings of a channel are one name in a control system; its registration says so."""

from __future__ import annotations

import string
from typing import Final

from attrs import frozen

_TO_LOWER: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def fold_name(name: str) -> str:
    """Give the one spelling of a name in a control system that makes no difference of letter case."""
    return name.translate(_TO_LOWER)


@frozen(kw_only=True)
class Naming:
    """What a control system makes no difference of in names."""

    folds_case: bool = False
    """Letter case; only A to Z and a to z are one, so that no look-alike of another alphabet is."""
    value_field: str = ""
    """The field that every name has unless it states another: ``X`` and ``X.VAL`` are one (EPICS). Empty: none."""

    def key_of(self, name: str) -> str:
        """Give the one spelling under which a name is looked up."""
        ending = f".{self.value_field}" if self.value_field else ""
        return fold_name(name).removesuffix(fold_name(ending)) if self.folds_case else name.removesuffix(ending)


EPICS_NAMING: Final = Naming(value_field="VAL")
