"""The command `equipoise`.

Each command gathers a plain dictionary and shows it: as a table for people, as JSON for
programs. Deciding, planning and writing belong to the capabilities and to ``orchestration``;
here is only what a person types and reads.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and end the process with its exit code; what it writes is its user's alone."""
    from orchestration.private import keep_private

    keep_private()
    from orchestration.cli.application import run

    sys.exit(run(sys.argv[1:]))
