"""What the page of an asset or a check shows, as plain values: the words that every ``pages`` shares.

Not here: what any one page says, and Dagster, for which ``defs`` wraps the values.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

Plain = str | int | float | bool | None
"""A number or a text, shown as it is."""

Record = dict[str, Plain]
"""One row of a table; the rows of one table have the same names."""

Plot = bytes
"""A figure as PNG bytes."""


class Markdown(str):
    """Text that a page renders as markdown."""


Page = dict[str, Plain | Plot | Sequence[Record] | pd.DataFrame]
"""What is shown, by name; a DataFrame is a table that has its columns even when it has no row."""
