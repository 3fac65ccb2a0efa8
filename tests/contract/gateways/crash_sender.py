"""A sender that may be killed at any time: sends orders until all are known, and begins again where it was.

Run as a program with the gateway (`filedrop FOLDER` or `webhook URL`), a journal and the number of orders. Its
journal says which orders were begun, before they are sent, and which are known to have arrived. It stands for
the outbox, in a few lines.
"""

import os
import sys
from pathlib import Path

from contract.gateways.kit_documents import submission

from assets.orders.gateways.filedrop import FileDrop
from assets.orders.gateways.port import Gateway
from assets.orders.gateways.webhook import Webhook


def note(journal: Path, line: str) -> None:
    descriptor = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(descriptor, f"{line}\n".encode())
    os.fsync(descriptor)
    os.close(descriptor)


def main(kind: str, place: str, journal: Path, count: int) -> None:
    gateway: Gateway = FileDrop(Path(place)) if kind == "filedrop" else Webhook(place, os.environ["SECRET"])
    lines = set(journal.read_text().splitlines()) if journal.exists() else set()
    for number in range(count):
        wanted = submission(f"S{number}")
        if f"known {wanted.reference}" in lines:
            continue
        begun = f"begun {wanted.reference}" in lines
        if not begun:
            note(journal, f"begun {wanted.reference}")
        if not begun or gateway.find(wanted.reference) is None:
            gateway.submit(wanted)
        note(journal, f"known {wanted.reference}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
