"""What was chosen for one segment, and its form as a document that JSON can hold.

Not here: choosing (``championship``), or the choices of all segments together (``selection``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from assets.forecasting.evaluation.calibrate import RESIDUALS, Calibration
from assets.forecasting.evaluation.promotion import Challenge
from assets.forecasting.evaluation.scorecard import Score

BACKTEST = "backtest"
FIRST_CHOICE = "least decision loss; no champion stood before"


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
    calibrations : tuple of Calibration
        Of each candidate's residuals, in the same order: whoever is put in its place is calibrated.
    since : date
        Plan date from which the champion decides.
    by : str
        ``backtest``, or the person who set it.
    reason : str
        Why it is the champion.
    evidence : Challenge or None
        The last test of a challenger against it, or of it against the champion before.
    """

    segment: str
    champion: str
    origin_count: int
    scores: tuple[Score, ...]
    calibrations: tuple[Calibration, ...]
    since: dt.date
    by: str = BACKTEST
    reason: str = FIRST_CHOICE
    evidence: Challenge | None = None

    @property
    def calibration(self) -> Calibration:
        """Calibration of the champion."""
        return self.calibrations[[score.model for score in self.scores].index(self.champion)]


def document_of_calibration(calibration: Calibration) -> dict[str, Any]:
    """Return a calibration as what JSON can hold; numbers survive to the bit."""
    arrays = {name: getattr(calibration, name).tolist() for name in ("edges", *RESIDUALS)}
    # Left out where it changes nothing, as in what was kept before there was any.
    return arrays if calibration.mean_factor == 1.0 else {**arrays, "mean_factor": calibration.mean_factor}


def calibration_of_document(document: Mapping[str, Any]) -> Calibration:
    """Return the calibration that a document holds."""
    arrays = {name: np.array(document[name], dtype=np.float64) for name in ("edges", *RESIDUALS)}
    return Calibration(**arrays, mean_factor=float(document.get("mean_factor", 1.0)))


def document_of_choice(choice: SegmentChoice) -> dict[str, Any]:
    """Return a choice as what JSON can hold."""
    return {
        "segment": choice.segment,
        "champion": choice.champion,
        "origin_count": choice.origin_count,
        "scores": [asdict(score) for score in choice.scores],
        "calibrations": [document_of_calibration(calibration) for calibration in choice.calibrations],
        "since": choice.since.isoformat(),
        "by": choice.by,
        "reason": choice.reason,
        "evidence": None if choice.evidence is None else asdict(choice.evidence),
    }


def choice_of_document(document: Mapping[str, Any]) -> SegmentChoice:
    """Return the choice that a document holds."""
    evidence = document["evidence"]
    return SegmentChoice(
        document["segment"],
        document["champion"],
        int(document["origin_count"]),
        tuple(Score(**score) for score in document["scores"]),
        tuple(calibration_of_document(part) for part in document["calibrations"]),
        dt.date.fromisoformat(document["since"]),
        document["by"],
        document["reason"],
        None if evidence is None else Challenge(**evidence),
    )
