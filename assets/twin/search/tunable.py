"""The few parameters of a release that a search may change, and releases that hold other values of them.

Not here: which of them matter on a network (``model``), or which values are best (``search``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from pydantic import ValidationError

from assets.kernel.errors import EquipoiseError
from assets.policy.release import Release
from assets.twin.day import Floats

Values = tuple[tuple[str, float], ...]
"""Path and value of each parameter."""


@dataclass(frozen=True)
class Tunable:
    """A number in a release.

    Attributes
    ----------
    path : str
        Where it stands, as ``targets.default_service_target.A``.
    low, high : float
        Between which values it is sought.
    digits : int
        Decimals that it is written with.
    """

    path: str
    low: float
    high: float
    digits: int

    def at(self, share: float) -> float:
        """Return the value a share of the way from low to high."""
        return round(self.low + share * (self.high - self.low), self.digits)

    def share_of(self, value: float) -> float:
        """Return how far a value lies from low to high, within 0 and 1."""
        return float(np.clip((value - self.low) / (self.high - self.low), 0.0, 1.0))


TUNABLES: tuple[Tunable, ...] = (
    Tunable("targets.default_service_target.A", 0.85, 0.995, 3),
    Tunable("targets.default_service_target.B", 0.80, 0.995, 3),
    Tunable("targets.default_service_target.C", 0.70, 0.99, 3),
    Tunable("targets.protect_donor_quantile", 0.30, 0.98, 2),
    Tunable("guardrails.minimum_gain_amount", 0.0, 10.0, 2),
    Tunable("objective.shortage_weight", 0.3, 4.0, 2),
)
"""What can be sought, with the bounds that hold where none are given."""


def bounded(told: Sequence[str]) -> tuple[Tunable, ...]:
    """Return the parameters that were named, as ``PATH`` or ``PATH=LOW:HIGH``; all where none was.

    Raises
    ------
    EquipoiseError
        If there is no such parameter, or its bounds are none.
    """
    if not told:
        return TUNABLES
    known = {one.path: one for one in TUNABLES}
    found = []
    for text in told:
        path, _, bounds = text.partition("=")
        if path not in known:
            raise EquipoiseError(
                f"{path!r} cannot be tuned", where="--tune", remedy=f"Use one of {', '.join(known)}"
            )  # fmt: skip
        found.append(_within(known[path], bounds) if bounds else known[path])
    if len({one.path for one in found}) < len(found):
        raise EquipoiseError("a parameter is named twice", where="--tune", remedy="Name each once")
    return tuple(found)


def value_of(release: Release, path: str) -> float:
    """Return what a release holds."""
    held = release.model_dump(mode="json")
    for name in path.split("."):
        held = held[name]
    return float(held)  # type: ignore[arg-type]


def with_values(release: Release, values: Mapping[str, float]) -> Release:
    """Return the release with other values.

    Raises
    ------
    EquipoiseError
        If a release may not hold one of them.
    """
    told = release.model_dump(mode="json")
    for path, value in values.items():
        *sections, name = path.split(".")
        holder = told
        for section in sections:
            holder = holder[section]
        holder[name] = value
    try:
        return Release.model_validate(told)
    except ValidationError as error:
        raise EquipoiseError(
            "; ".join(str(fault["msg"]) for fault in error.errors()), where=", ".join(values),
            remedy="Give bounds that a release may hold",
        ) from error  # fmt: skip


def values_at(tunables: Sequence[Tunable], shares: Floats) -> dict[str, float]:
    """Return the values at a point of the unit cube."""
    return {one.path: one.at(float(share)) for one, share in zip(tunables, shares, strict=True)}


def _within(one: Tunable, bounds: str) -> Tunable:
    low, _, high = bounds.partition(":")
    try:
        found = replace(one, low=float(low), high=float(high))
    except ValueError as error:
        raise EquipoiseError(
            f"{bounds!r} are no bounds", where=f"--tune {one.path}", remedy="Write LOW:HIGH"
        ) from error
    if not 0.0 <= found.low < found.high < float("inf"):
        raise EquipoiseError(
            f"bounds from {low} to {high}", where=f"--tune {one.path}", remedy="Give a low below the high, from 0 on"
        )
    return found
