"""What a process of this installation writes is its user's alone.

Not here: encryption, or who may do what (``access``).
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_OTHERS = 0o077


def keep_private(home: Path | None = None) -> None:
    """Have all files that this process makes from now on be its user's alone, and close a home to others.

    The command line calls it, and whatever hands out resources: Dagster's own processes do not come by the command
    line. A home that belongs to somebody else is left as it is.
    """
    os.umask(os.umask(_OTHERS) | _OTHERS)
    if home is not None and home.is_dir():
        with suppress(OSError):
            home.chmod(home.stat().st_mode & 0o700)
