"""Where a network keeps its selections: one folder each, and the log that says which one decides.

``models/index.jsonl`` is only added to; ``models/VERSION/`` holds a selection under its digest and
never changes. Not here: what the records mean for a plan date (``registry.log``), what persons may decide
(``registry.acts``), or who selects when (``daily``).
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import pandas as pd
from pydantic import ValidationError

from assets.forecasting.models.boosted import BoostedModel
from assets.forecasting.registry.log import ModelLog
from assets.forecasting.registry.records import (
    Entered,
    Line,
    Procedure,
    Record,
    RefitRequested,
    Terms,
    Used,
)
from assets.forecasting.registry.selection import Selection
from assets.kernel.errors import EquipoiseError

R = TypeVar("R", bound=Record)

FOLDER = "models"
_INDEX, _DOCUMENT, _FITTED, _LOCK = "index.jsonl", "selection.json", "fitted.parquet", "index.lock"


class ModelRegistry:
    """The selections of one network.

    Parameters
    ----------
    home_root : Path
        Home of the network; everything stands in ``models`` there.
    procedure : Procedure, optional
        What decides when to refit and who wins, whatever the release says, for a replay.
    """

    def __init__(self, home_root: Path, procedure: Procedure | None = None) -> None:
        self.procedure = procedure
        self.folder = home_root / FOLDER
        self._index = self.folder / _INDEX

    def log(self) -> ModelLog:
        """Return what happened so far.

        Raises
        ------
        EquipoiseError
            If a line of the index cannot be read.
        """
        if not self._index.exists():
            return ModelLog(())
        try:
            return ModelLog([Line.model_validate_json(line).root for line in self._index.read_text().splitlines()])
        except ValidationError as error:
            first = error.errors()[0]
            raise EquipoiseError(
                f"a line is no record of models: {first['msg']}",
                where=str(self._index),
                remedy=f"Bring the file back as it was, or move {self.folder} away: models are then chosen anew",
            ) from error

    def selection(self, version: str) -> Selection:
        """Return a selection as it was kept.

        Raises
        ------
        EquipoiseError
            If it is not there, or is not what was kept.
        """
        folder = self.folder / version
        try:
            document = json.loads((folder / _DOCUMENT).read_text())
            found = Selection.of_document(document, pd.read_parquet(folder / _FITTED))
            changed = found.version != version
        except (OSError, ValueError) as error:
            raise self._lost(version, str(error)) from error
        if changed:
            raise self._lost(version, f"its content is {found.version}")
        return found

    def tested(self, champions: pd.DataFrame) -> BoostedModel | None:
        """Return the model of all series as it was tested for the champions of a plan (frame ``CHAMPIONS``).

        None where no champion asks it, and where the plan did not choose them itself: what was tested
        before may know the future of an origin that a longer history has since admitted.
        """
        versions = sorted(set(champions.loc[champions["is_refit"], "selection_version"]))
        return self.selection(versions[0]).tested if versions else None

    def mean_factors(self, champions: pd.DataFrame) -> dict[str, float]:
        """Return what the means of each segment were multiplied with in a plan (frame ``CHAMPIONS``)."""
        found: dict[str, float] = {}
        for version, rows in champions.groupby("selection_version", sort=True):
            selection = self.selection(str(version))
            for segment, champion in zip(rows["demand_segment"], rows["champion"], strict=True):
                choice = selection.choice_of(segment)
                if choice is not None:
                    found[segment] = replace(choice, champion=champion).calibration.mean_factor
        return found

    def record(self, selection: Selection | None, entered: Entered | None, used: Used) -> None:
        """Keep a selection, where one was made, and that a plan date used one.

        Both at once or neither; what is recorded already is not recorded again. A run that was
        killed before left nothing, or a folder that nothing names.
        """
        with self._locked():
            if selection is not None:
                self._keep(selection)
            log = self.log()
            told: list[Record] = []
            if entered is not None and log.entry(entered.version, entered.terms) != entered:
                told.append(entered)
            if told or log.used(used.plan_date, used.terms) != used:
                told.append(used)
            self._append(told)

    def request_refit(
        self,
        asked_for: dt.date,
        segments: tuple[str, ...],
        why: str,
        shifts: Mapping[str, dt.date] = MappingProxyType({}),
    ) -> bool:
        """Ask for a refit in the plans after ``asked_for``; return whether it had not been asked before.

        Parameters
        ----------
        asked_for : date
            Plan date after which it is asked.
        segments : tuple of str
            Demand segments that drifted.
        why : str
            What was seen.
        shifts : mapping, optional
            Of the segments whose level has shifted: the plan date that first told of it.
        """
        asked = tuple(sorted(segments))
        request = RefitRequested(asked_for=asked_for, segments=asked, why=why, shifts=dict(sorted(shifts.items())))
        with self._locked():
            if request in [*self.log().of(RefitRequested)]:
                return False
            self._append([request])
        return True

    def decide(self, act: Callable[[ModelRegistry], R]) -> R:
        """Record what a person decided (``registry.acts``) and return it."""
        return self.decide_all(lambda registry: [act(registry)])[0]

    def decide_all(self, act: Callable[[ModelRegistry], Sequence[R]]) -> Sequence[R]:
        """Record what a person decided in one go and return it."""
        with self._locked():
            decided = act(self)
            self._append(decided)
        return decided

    def copy_before(self, plan_date: dt.date, terms: Terms, home_root: Path) -> None:
        """Lay this registry, as it was when a date was first planned, below another home."""
        target = ModelRegistry(home_root)
        log = self.log().before(plan_date, terms)
        needed = log.standing(plan_date, terms)
        with target._locked():
            if needed is not None:
                shutil.copytree(self.folder / needed.entry.version, target.folder / needed.entry.version)
            target._append(log.records)

    def _keep(self, selection: Selection) -> None:
        final = self.folder / selection.version
        if final.exists():
            return
        partial = self.folder / f".{selection.version}.{os.getpid()}"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        (partial / _DOCUMENT).write_text(json.dumps(selection.document(), sort_keys=True))
        selection.fitted.to_parquet(partial / _FITTED, index=False)
        os.replace(partial, final)

    def _append(self, records: Sequence[Record]) -> None:
        if not records:
            return
        before = self._index.read_text() if self._index.exists() else ""
        lines = [record.model_dump_json() + "\n" for record in records]
        partial = self._index.with_suffix(f".{os.getpid()}.partial")
        partial.write_text(before + "".join(lines))
        os.replace(partial, self._index)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other writers waiting; a reader sees the index before or after, never between."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / _LOCK).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _lost(self, version: str, why: str) -> EquipoiseError:
        return EquipoiseError(
            f"the selection cannot be read: {why}",
            where=str(self.folder / version),
            remedy=f"Bring it back as it was, or move {self.folder} away: models are then chosen anew",
        )
