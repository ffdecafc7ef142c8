"""Where sealed values are kept: each app declares its own, so that rotation misses none.

An app's configuration names them as `sealed_rows`. The seal of a value is bound to the label of
its model in lower case, the row's key and the field's name.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SealedRows:
    """A model whose rows hold values that are sealed under one data key a row.

    Where that key may be null, shredding empties the row; else it deletes it. `stale` is told the
    keys of rows that are about to change, in the same transaction and before any is touched: it
    makes caches of them stale, and takes the locks that who saves takes first.
    """

    model: str
    fields: Sequence[str]
    data_key: str = "data_key"
    stale: Callable[[Sequence[Any]], None] | None = None
