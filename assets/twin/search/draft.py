"""What a search leaves behind: a draft release with its parent, and the simulation that speaks for it.

The draft goes the usual way from there: shadow, canary, active. Not here: searching (``search``), or what a stage
asks for (``governance.stages``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import yaml

from assets.governance.events import Evidence, EvidenceKind, Figure, StageChanged
from assets.governance.stages import change
from assets.kernel.errors import EquipoiseError
from assets.policy.release import Release
from assets.policy.release_file import read_release
from assets.policy.stage import Stage
from assets.twin.fast.outcome import interval
from assets.twin.search.race import Score
from assets.twin.search.search import Found
from assets.twin.search.tunable import with_values


@dataclass(frozen=True)
class Draft:
    """A release that a search found, and the simulation that speaks for it."""

    release: Release
    evidence: Evidence

    def recorded(self, by: str, at: dt.datetime, why: str) -> StageChanged:
        """Return the event that attaches the evidence: the draft stays one, its content can be told by its hash."""
        return change(self.release, Stage.DRAFT, by, at, why, (self.evidence,))

    def write(self, folder: Path) -> Path:
        """Write the release into the folder of a network's own releases, whole or not at all.

        Raises
        ------
        EquipoiseError
            If a file of that name is there.
        """
        path = folder / f"{self.release.name}.yaml"
        require_free(folder, self.release.name)
        folder.mkdir(parents=True, exist_ok=True)
        told = self.release.model_dump(mode="json", exclude={"stage"}, exclude_defaults=True)
        beside = path.with_suffix(".part")
        beside.write_text(yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=110))
        if read_release(beside).content_hash != self.release.content_hash:
            raise EquipoiseError("it does not say what was found", where=str(beside), remedy="Report it")
        beside.rename(path)
        return path


def require_free(folder: Path, name: str) -> None:
    """Let a name pass that no file of the folder has.

    Raises
    ------
    EquipoiseError
        If one has.
    """
    path = folder / f"{name}.yaml"
    if path.exists():
        raise EquipoiseError("it is there already", where=str(path), remedy="Choose another name with --name")


def named(parent: Release, name: str, author: str) -> Release:
    """Return a draft that decides as its parent does, under its own name.

    Raises
    ------
    EquipoiseError
        If a release may not have such a name.
    """
    made = parent.model_copy(
        update={"name": name, "parent": parent.version, "author": author, "stage": Stage.DRAFT, "description": ""}
    )
    try:
        return with_values(made, {})
    except EquipoiseError as error:
        raise EquipoiseError(error.what, where="--name", remedy="Use small letters, digits, dots and dashes") from error


def draft_of(found: Found, blank: Release, source: str, currency: str) -> Draft:
    """Return the draft that holds the found values.

    Parameters
    ----------
    found : Found
        What a search found.
    blank : Release
        What ``named`` returned.
    source : str
        Where the numbers can be found again: plan date, seeds, futures.
    currency : str
        Of the money.
    """
    changes = [(path, found.before[path], value) for path, value in found.values.items()]
    told = ", ".join(f"{path} {before:g} to {value:g}" for path, before, value in changes if value != before)
    release = with_values(blank.model_copy(update={"description": f"Found by policy search: {told}."}), found.values)
    return Draft(release, Evidence(EvidenceKind.SIMULATION, source, figures(found, currency)))


def figures(found: Found, currency: str) -> tuple[Figure, ...]:
    """Return the numbers of the last word."""
    change = found.cost_change
    money: Callable[[str, float], Figure] = lambda name, value: Figure(  # noqa: E731
        name, _rounded(value, "0.01"), f"{currency} a bucket"
    )
    return (
        money("cost", interval(found.winner.cost).mean),
        money("cost of its parent", interval(found.base.cost).mean),
        money("cost change", change.mean),
        money("cost change, low", change.low),
        money("cost change, high", change.high),
        *_served("", found.winner, currency),
        *_served(" of its parent", found.base, currency),
        Figure("futures", Decimal(len(found.winner.cost))),
    )


def _served(whose: str, score: Score, currency: str) -> tuple[Figure, ...]:
    fill, stock = interval(score.fill_rate), interval(score.stock_value)
    return (
        Figure(f"fill rate{whose}", _rounded(fill.mean, "0.0001"), "share"),
        Figure(f"fill rate{whose}, low", _rounded(fill.low, "0.0001"), "share"),
        Figure(f"stock{whose}", _rounded(stock.mean, "0.01"), currency),
    )


def _rounded(value: float, digit: str) -> Decimal:
    return Decimal(f"{value:.9f}").quantize(Decimal(digit))
