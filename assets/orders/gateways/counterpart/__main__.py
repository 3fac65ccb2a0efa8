"""The other side as a program of its own: `python -m assets.orders.gateways.counterpart`.

`serve` answers over HTTP, `watch` over a folder, until they are stopped; `list` prints its orders, `levels` what it
replenishes by, and `advance` ships and receives, beside a running one. Data go to standard output as JSON, a line each.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from assets.kernel.errors import EquipoiseError
from assets.orders.gateways.counterpart.counterpart import Counterpart
from assets.orders.gateways.counterpart.folder_face import open_face
from assets.orders.gateways.counterpart.http_face import HttpFace
from assets.orders.gateways.counterpart.orders import Behaviour, TheirOrder
from assets.orders.gateways.counterpart.store import CounterpartStore
from assets.orders.gateways.port import Answer

SECRET_VARIABLE = "EQUIPOISE_WEBHOOK_SECRET"
_POLL_S = 0.02


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command."""
    asked = _parser().parse_args(arguments)
    counterpart = Counterpart(CounterpartStore(asked.store))
    try:
        asked.command(counterpart, asked)
    except KeyboardInterrupt:
        return 130
    except EquipoiseError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        counterpart.store.close()
    return 0


def listed(order: TheirOrder) -> dict[str, object]:
    """Return what a crash test counts of an order."""
    return {
        "reference": order.reference,
        "revision": order.revision,
        "answer": order.answer.value,
        "times_created": order.times_created,
        "times_amended": order.times_amended,
        "times_delivered": order.times_delivered,
        "accepted_units": sum(line.accepted_units for line in order.lines),
        "shipped_units": sum(line.shipped_units for line in order.lines),
        "received_units": sum(line.received_units for line in order.lines),
    }


def _serve(counterpart: Counterpart, asked: argparse.Namespace) -> None:
    secret = os.environ.get(SECRET_VARIABLE, "")
    counterpart.behaviour = _behaviour(asked)
    face = HttpFace(counterpart, secret, port=asked.port)
    face.start()
    _say({"url": face.url, "pid": os.getpid()})
    try:
        while True:
            time.sleep(3600)
    finally:
        face.stop()


def _watch(counterpart: Counterpart, asked: argparse.Namespace) -> None:
    counterpart.behaviour = _behaviour(asked)
    face = open_face(counterpart, asked.folder)
    _say({"folder": str(asked.folder), "pid": os.getpid()})
    while True:
        face.poll()
        for complaint in face.complaints:
            sys.stderr.write(f"{complaint}\n")
        face.complaints.clear()
        time.sleep(_POLL_S)


def _list(counterpart: Counterpart, _asked: argparse.Namespace) -> None:
    for order in counterpart.orders():
        _say(listed(order))


def _levels(counterpart: Counterpart, _asked: argparse.Namespace) -> None:
    for (site, item), levels in sorted(counterpart.levels().items()):
        _say({"site": site, "item": item, **asdict(levels)})


def _advance(counterpart: Counterpart, asked: argparse.Namespace) -> None:
    for reference in asked.reference or counterpart.references():
        if asked.decide:
            counterpart.decide(reference, Behaviour(accepted_percent=asked.percent))
        if asked.ship:
            counterpart.ship_all(reference)
        if asked.receive:
            counterpart.receive_all(reference)
        order = counterpart.store.order(reference)
        if order is not None:
            _say(listed(order))


def _behaviour(asked: argparse.Namespace) -> Behaviour:
    return Behaviour(
        answer=Answer(asked.answer),
        accepted_percent=asked.percent,
        takes_amendments=not asked.no_amendments,
        idempotent=not asked.naive,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="counterpart", description=__doc__)
    commands = parser.add_subparsers(required=True)
    serve = _command(commands, "serve", _serve, f"answer over HTTP; the secret is in {SECRET_VARIABLE}")
    serve.add_argument("--port", type=int, default=0)
    watch = _command(commands, "watch", _watch, "answer over a folder")
    watch.add_argument("--folder", type=Path, required=True)
    for one in (serve, watch):
        one.add_argument("--answer", choices=["accepted", "pending", "refused"], default="accepted")
        one.add_argument("--percent", type=int, default=100, help="share of each line that is accepted")
        one.add_argument("--no-amendments", action="store_true", help="refuse later revisions")
        one.add_argument("--naive", action="store_true", help="make a second order of one that comes twice")
    _command(commands, "list", _list, "print the orders")
    _command(commands, "levels", _levels, "print the levels that it replenishes by")
    advance = _command(commands, "advance", _advance, "decide, ship and receive; all orders unless some are named")
    advance.add_argument("--reference", action="append")
    advance.add_argument("--decide", action="store_true", help="accept what is pending")
    advance.add_argument("--percent", type=int, default=100)
    advance.add_argument("--ship", action="store_true")
    advance.add_argument("--receive", action="store_true")
    return parser


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, run: object, says: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=says)
    parser.add_argument("--store", type=Path, required=True, help="file of the other side's own")
    parser.set_defaults(command=run)
    return parser


def _say(content: object) -> None:
    sys.stdout.write(f"{json.dumps(content)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
