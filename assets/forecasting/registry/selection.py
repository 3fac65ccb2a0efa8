"""What a selecting run leaves to the runs after it: champions, calibrations and what was fitted.

A value that JSON (``document``) and Parquet (``fitted``) can hold, so that a network selects
weekly and updates daily. Not here: the backtest (``backtest``), the test of a challenger
(``promotion``), or where selections are kept (``registry``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from assets.forecasting.evaluation.backtest import SAMPLE_SERIES
from assets.forecasting.evaluation.calibrate import Calibration
from assets.forecasting.evaluation.site_correlation import SiteCorrelation
from assets.forecasting.history.arrays import Reals
from assets.forecasting.history.index import KEY
from assets.forecasting.history.panel import MINIMUM_OBSERVED
from assets.forecasting.history.segments import menu
from assets.forecasting.models.boosted import BoostedModel
from assets.forecasting.models.candidates import all_candidates
from assets.forecasting.models.known import Candidate
from assets.forecasting.registry.records import Pin
from assets.forecasting.registry.segment_choice import (
    SegmentChoice,
    calibration_of_document,
    choice_of_document,
    document_of_calibration,
    document_of_choice,
)
from assets.kernel.calendar import Bucket
from assets.kernel.errors import EquipoiseError
from assets.kernel.identifiers import digest
from assets.policy.release import ForecastRules

# What of a release's rules decides who may replace a champion and when, but not what a champion forecasts.
_PROCEDURE = {"refit_days", "promotion_margin", "recalibration"}
# What candidates are compared by: scores told by another loss promise something else.
_LOSS = "pinball at decision levels, means corrected at the other origins"


@dataclass(frozen=True)
class Selection:
    """Champions, calibrations and fits of one run, for that run and those after it.

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
    boosted : BoostedModel or None
        The model of all series, where a champion asks it.
    tested : BoostedModel or None
        The same as the backtest had it, from before its oldest origin.
    correlation : SiteCorrelation
        Of forecast errors of one item between its sites.
    """

    made_for: dt.date
    rules: str
    choices: tuple[SegmentChoice, ...]
    network: Calibration
    fitted: pd.DataFrame
    boosted: BoostedModel | None = None
    tested: BoostedModel | None = None
    correlation: SiteCorrelation = field(default_factory=SiteCorrelation)

    @property
    def version(self) -> str:
        """Digest of everything in it."""
        return digest(self.document(), self.fitted.to_dict("list"))

    def of_segment(self, segment: str, rules: ForecastRules) -> tuple[str, Calibration]:
        """Return the model of a segment and its calibration.

        A segment that did not occur when champions were chosen has the first of its menu and the
        network's calibration.
        """
        choice = self.choice_of(segment)
        return (menu(rules, segment)[0], self.network) if choice is None else (choice.champion, choice.calibration)

    def choice_of(self, segment: str) -> SegmentChoice | None:
        """Return what was chosen for a segment; none where it did not occur."""
        return next((choice for choice in self.choices if choice.segment == segment), None)

    def replaced(self, segment: str, champion: str, by: str, reason: str, since: dt.date) -> Selection:
        """Put another candidate of its menu in a segment, by hand.

        Raises
        ------
        EquipoiseError
            If the segment did not occur, or the candidate was not backtested in it.
        """
        choice = self.choice_of(segment)
        models = [] if choice is None else [score.model for score in choice.scores]
        if choice is None or champion not in models:
            raise EquipoiseError(
                f"{champion} was not scored for segment {segment}",
                where=f"selection of {self.made_for}",
                remedy=f"Use one of {', '.join(models or [found.segment for found in self.choices])}",
            )
        evidence = choice.evidence if choice.champion == champion else None
        new = replace(choice, champion=champion, since=since, by=by, reason=reason, evidence=evidence)
        return replace(self, choices=tuple(new if part is choice else part for part in self.choices))

    def allows(self, segment: str, model: str) -> bool:
        """Return whether a model may be pinned: it was scored for the segment, or the segment did not occur."""
        choice = self.choice_of(segment)
        return choice is None or model in [score.model for score in choice.scores]

    def pinned(self, pins: Mapping[str, Pin]) -> Selection:
        """Return it with the models that persons set for segments, under their names and with their reasons.

        A model that its segment's menu has no more is left out.
        """
        found = self
        occurring = set(pins) & {choice.segment for choice in self.choices}
        for segment in sorted(segment for segment in occurring if self.allows(segment, pins[segment].model)):
            pin = pins[segment]
            found = found.replaced(segment, pin.model, pin.by, pin.reason, pin.since)
        return found

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
            "network": document_of_calibration(self.network),
            "boosted": None if self.boosted is None else self.boosted.document(),
            # Left out where there is none, as in what was kept before there was any.
            **({} if self.tested is None else {"tested": self.tested.document()}),
            **({} if self.correlation == SiteCorrelation() else {"correlation": self.correlation.document()}),
            "choices": [document_of_choice(choice) for choice in self.choices],
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any], fitted: pd.DataFrame) -> Selection:
        """Return the selection that a document and its fitted parameters hold.

        Raises
        ------
        EquipoiseError
            If it is not a selection's document, or one of an earlier form.
        """
        try:
            choices = tuple(choice_of_document(part) for part in document["choices"])
            made_for, network = (
                dt.date.fromisoformat(document["made_for"]),
                calibration_of_document(document["network"]),
            )
            boosted, tested = (
                None if told is None else BoostedModel.of_document(told)
                for told in (document["boosted"], document.get("tested"))
            )
            told = document.get("correlation")
            correlation = SiteCorrelation() if told is None else SiteCorrelation.of_document(told)
            return cls(made_for, str(document["rules"]), choices, network, fitted, boosted, tested, correlation)
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


def rules_digest(rules: ForecastRules, bucket: Bucket, horizon: int) -> str:
    """Return the digest of what a choice of champions depends on beside the data."""
    models = [dict(choice.settings()) for choice in all_candidates(rules, bucket)]
    settings = [rules.model_dump(mode="json", exclude=_PROCEDURE), horizon, MINIMUM_OBSERVED, SAMPLE_SERIES, _LOSS]
    return digest(models, str(bucket), settings)
