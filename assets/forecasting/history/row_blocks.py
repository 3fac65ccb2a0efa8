"""Arithmetic over series by blocks of them: no temporary is as large as the panel.

Not here: what is computed of a block.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

# Where only rows are added up a block stays in the cache.
BLOCK_SERIES, BLOCK_CELLS, LEAST_BLOCK_SERIES = 2048, 131_072, 64


def row_blocks(size: int, length: int = 0) -> Iterator[slice]:
    """Yield slices of rows small enough for what is computed of them to stay in the cache.

    Parameters
    ----------
    size : int
        Rows.
    length : int
        Cells of a row, where nothing that is computed depends on which rows stand together, as sums
        over the rows of a block do, and sums along rows of whatever order numpy lays a block out in.
    """
    step = int(np.clip(BLOCK_CELLS // length, LEAST_BLOCK_SERIES, BLOCK_SERIES)) if length else BLOCK_SERIES
    for first in range(0, size, step):
        yield slice(first, min(first + step, size))
