"""Types of the arrays that histories and forecasts are made of: rows are series, columns buckets.

Not here: what any of them holds (``panel``), or how rows are gone through (``row_blocks``).
"""

import numpy as np
import numpy.typing as npt

Reals = npt.NDArray[np.float64]
# A share or a factor needs no more digits, and half of the memory is worth it.
Singles = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
