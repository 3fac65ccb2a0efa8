"""What time it is by the clock that stamps the files of a folder: on a share, the one of another machine.

This host's clock tells nothing of how old a file is there. Not here: what is told by it (``folder_names``).
"""

from __future__ import annotations

import math
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

AGAIN_S = 1.0
"""The time is taken again after so long."""


@dataclass
class FolderClock:
    """The clock of a folder's file system, as far as it was last taken from there.

    Attributes
    ----------
    folder : Path
        In the same file system as what is told by it. Folders whose changes are looked for are below it, because a
        file that is made in them is a change.
    waited : callable
        Seconds that have passed on this host, from any beginning.
    """

    folder: Path
    waited: Callable[[], float] = time.monotonic
    _taken: tuple[float, float] | None = field(default=None, init=False, repr=False)

    def __call__(self) -> float:
        """Return seconds since 1970, never later than it is there: the time of a file that is made and gone at once.

        Where none can be made it is the beginning of all time, by which every change is young.
        """
        at = self.waited()
        if self._taken is None or at - self._taken[0] >= AGAIN_S:
            self._taken = at, self._time_there()
        return self._taken[1]

    def _time_there(self) -> float:
        try:
            with tempfile.TemporaryFile(prefix=".clock-", dir=self.folder) as made:
                return os.fstat(made.fileno()).st_mtime
        except OSError:
            return -math.inf
