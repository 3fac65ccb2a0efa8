"""The watch over levels alarms as rarely as it says, tells shifts soon, and does not care for units."""

import dataclasses

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from assets.monitoring.shift_scan import BY_EVENT, DAILY, WEEKLY, ScanPlan, normal_scores, scan

SERIES = 600


def drawn(plan: ScanPlan, reference: int, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(SERIES, reference + plan.span))


@pytest.mark.parametrize(("plan", "reference"), [(DAILY, 364), (WEEKLY, 104), (BY_EVENT, 60)])
def test_of_series_that_never_shift_about_one_in_twenty_alarms_in_a_span(plan: ScanPlan, reference: int) -> None:
    series = drawn(plan, reference)
    share = scan(series[:, :reference], series[:, reference:], plan).alarms.any(axis=1).mean()
    # Three standard errors of 600 series around 5 %, and more than none: a limit out of reach finds nothing.
    assert 0.01 < share < 0.05 + 3 * (0.05 * 0.95 / SERIES) ** 0.5


def test_short_references_alarm_no_oftener() -> None:
    series = drawn(DAILY, 40)
    assert scan(series[:, :40], series[:, 40:], DAILY).alarms.any(axis=1).mean() < 0.05


@pytest.mark.parametrize(
    ("plan", "reference", "shift", "within", "share"),
    [
        (DAILY, 364, 1.0, 28, 0.88),
        (DAILY, 364, 3.0, 14, 0.99),
        (WEEKLY, 104, 2.0, 4, 0.55),
        (WEEKLY, 104, 1.0, 12, 0.4),
    ],
)
def test_a_shift_is_told_in_time(plan: ScanPlan, reference: int, shift: float, within: int, share: float) -> None:
    series = drawn(plan, reference)
    series[:, reference:] += shift
    alarms = scan(series[:, :reference], series[:, reference : reference + within], plan).alarms
    assert alarms.any(axis=1).mean() > share


def test_the_score_has_the_sign_of_the_shift_and_names_the_window() -> None:
    series = drawn(DAILY, 364)[:1]
    series[:, -28:] -= 5.0
    found = scan(series[:, :364], series[:, 364:], DAILY)
    assert found.score[0, -1] < -DAILY.limit
    assert found.window[0, -1] == 28
    assert found.window[0, 12] == 0  # no window is full yet


def test_one_wild_value_alarms_nobody() -> None:
    series = drawn(DAILY, 364)[:50]
    quiet = scan(series[:, :364], series[:, 364:392], DAILY)
    series[:, -1] = 1e9
    wild = scan(series[:, :364], series[:, 364:728], DAILY)
    assert not (wild.alarms[:, -1] & ~quiet.alarms[:, -1] & (np.abs(wild.score[:, -2]) < 1.0)).any()


@given(values=arrays(np.int64, (1, 60), elements=st.integers(0, 50)))
def test_no_order_preserving_change_of_unit_changes_a_score(values: np.ndarray) -> None:
    plan = dataclasses.replace(DAILY, windows=(7, 14))
    plain, other = values.astype(np.float64), 3.0 * values**3 + 1.0
    first = scan(plain[:, :40], plain[:, 40:], plan).score
    np.testing.assert_array_equal(first, scan(other[:, :40], other[:, 40:], plan).score)
    assert np.isfinite(first).all()


UNCORRELATED = np.zeros((1, 60))
UNCORRELATED[0, [0, 2, 4, 6, 50]] = 1.0, 2.0, -0.5, -1.0, 1.0
"""Its products of neighbours sum to nothing but rounding."""


@given(values=arrays(np.float64, (1, 60), elements=st.floats(-100, 100)))
@example(values=UNCORRELATED)
def test_scores_of_the_mirrored_series_are_mirrored(values: np.ndarray) -> None:
    there = scan(values[:, :40], values[:, 40:], WEEKLY).score
    np.testing.assert_allclose(there, -scan(-values[:, :40], -values[:, 40:], WEEKLY).score, atol=1e-9)


def test_a_series_that_was_always_the_same_is_told_by_rank() -> None:
    steady = np.ones((1, 60))
    assert not scan(steady[:, :40], steady[:, 40:], WEEKLY).alarms.any()
    assert normal_scores(np.array([[2.0]]), steady)[0, 0] > 2.0
