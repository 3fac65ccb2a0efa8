"""What a selecting run leaves to the runs after it: champions, calibrations and fitted parameters.

A value that JSON (``document``) and Parquet (``fitted``) can hold, so that a network selects
weekly and updates daily. Not here: making it (``backtest``, ``forecast``), or where it is kept.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from assets.forecasting.backtest import SAMPLE_SERIES, Score, SegmentBacktest
from assets.forecasting.calibrate import Calibration, calibrate, joined, untested
from assets.forecasting.candidates import Candidate, candidate
from assets.forecasting.segments import menu
from assets.forecasting.series import KEY, MINIMUM_OBSERVED, SEASON_LENGTH, Reals
from assets.kernel.calendar import Bucket
from assets.kernel.errors import EquipoiseError
from assets.kernel.identifiers import digest
from assets.policy.release import ForecastRules


@dataclass(frozen=True)
class SegmentChoice:
    """What was chosen for one segment.

    Attributes
    ----------
    segment : str
        Demand segment.
    champion : str
        Model that it uses.
    origin_count : int
        Origins at which the menu was scored.
    scores : tuple of Score
        In menu order.
    calibration : Calibration
        Of the champion's residuals.
    """

    segment: str
    champion: str
    origin_count: int
    scores: tuple[Score, ...]
    calibration: Calibration


@dataclass(frozen=True)
class Selection:
    """Champions and calibration of one run, for that run and those after it.

    Attributes
    ----------
    made_for : date
        Plan date of the run that selected.
    rules : str
        Digest of what the choice depends on beside the data: menus, parameters, horizon.
    choices : tuple of SegmentChoice
        One for each segment that occurred.
    network : Calibration
        Over all segments; for a segment without a choice.
    fitted : DataFrame
        ``item_id``, ``site_id``, ``model`` and one column a fitted parameter: champions that fit
        parameters are updated with these, not fitted again.
    """

    made_for: dt.date
    rules: str
    choices: tuple[SegmentChoice, ...]
    network: Calibration
    fitted: pd.DataFrame

    @property
    def version(self) -> str:
        """Digest of everything in it."""
        return digest(self.document(), self.fitted.to_dict("list"))

    def of_segment(self, segment: str, rules: ForecastRules) -> tuple[str, Calibration]:
        """Return the model of a segment and its calibration.

        A segment that did not occur when champions were chosen has the first of its menu and the
        network's calibration.
        """
        for choice in self.choices:
            if choice.segment == segment:
                return choice.champion, choice.calibration
        return menu(rules, segment)[0], self.network

    def fitted_to(self, choice: Candidate, series: pd.DataFrame) -> Reals:
        """Return the fitted parameters of some series, shape (m, P); NaN where there are none."""
        known = self.fitted[self.fitted["model"] == choice.name]
        names = [name for name in choice.fits if name in known]
        if known.empty or len(names) < len(choice.fits):
            return np.full((len(series), len(choice.fits)), np.nan)
        return series[KEY].merge(known[[*KEY, *names]], on=KEY, how="left")[names].to_numpy(dtype=np.float64)

    def document(self) -> dict[str, Any]:
        """Return all but ``fitted`` as what JSON can hold; numbers survive to the bit."""
        return {
            "made_for": self.made_for.isoformat(),
            "rules": self.rules,
            "network": _document_of(self.network),
            "choices": [
                {
                    "segment": choice.segment,
                    "champion": choice.champion,
                    "origin_count": choice.origin_count,
                    "scores": [asdict(score) for score in choice.scores],
                    "calibration": _document_of(choice.calibration),
                }
                for choice in self.choices
            ],
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any], fitted: pd.DataFrame) -> Selection:
        """Return the selection that a document and its fitted parameters hold.

        Raises
        ------
        EquipoiseError
            If it is not a selection's document.
        """
        try:
            choices = tuple(_choice_of(part) for part in document["choices"])
            made_for, network = dt.date.fromisoformat(document["made_for"]), _calibration_of(document["network"])
            return cls(made_for, str(document["rules"]), choices, network, fitted)
        except (KeyError, TypeError, ValueError) as error:
            raise EquipoiseError(
                f"the document is no selection: {type(error).__name__} {error}",
                where="stored selection of forecasts",
                remedy="Forecast without it: champions are then chosen again",
            ) from error

    def require_rules(self, expected: str) -> None:
        """Refuse to be used under other rules than it was made for.

        Raises
        ------
        EquipoiseError
            If menus, parameters, horizon or library changed since.
        """
        if self.rules != expected:
            raise EquipoiseError(
                f"the selection was made under other rules: stored = {self.rules}, expected = {expected}",
                where=f"selection of {self.made_for}",
                remedy="Forecast without it: champions are then chosen again",
            )


def selected(found: list[SegmentBacktest], horizon: int, made_for: dt.date, rules: str) -> Selection:
    """Return the champions of a backtest with their calibrations, nothing fitted yet."""
    network = calibrate(joined([part.outcomes for part in found], horizon), untested(horizon))
    choices = tuple(
        SegmentChoice(
            part.segment, part.champion.name, part.origin_count, part.scores, calibrate(part.outcomes, network)
        )
        for part in found
    )
    return Selection(made_for, rules, choices, network, pd.DataFrame(columns=[*KEY, "model"], dtype=object))


def rules_digest(rules: ForecastRules, bucket: Bucket, horizon: int) -> str:
    """Return the digest of what a choice of champions depends on beside the data."""
    names = sorted({name for models in rules.candidates.values() for name in models})
    models = [asdict(candidate(name, bucket, SEASON_LENGTH[bucket])) for name in names]
    settings = [rules.model_dump(mode="json"), horizon, MINIMUM_OBSERVED, SAMPLE_SERIES, version("statsforecast")]
    return digest(models, str(bucket), settings)


def _document_of(calibration: Calibration) -> dict[str, Any]:
    return {name: getattr(calibration, name).tolist() for name in ("edges", "quantiles", "deviation")}


def _calibration_of(document: Mapping[str, Any]) -> Calibration:
    edges, quantiles, deviation = (
        np.array(document[name], dtype=np.float64) for name in ("edges", "quantiles", "deviation")
    )
    return Calibration(edges, quantiles, deviation)


def _choice_of(document: Mapping[str, Any]) -> SegmentChoice:
    return SegmentChoice(
        document["segment"],
        document["champion"],
        int(document["origin_count"]),
        tuple(Score(**score) for score in document["scores"]),
        _calibration_of(document["calibration"]),
    )
