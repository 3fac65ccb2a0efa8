"""What is published of a backtest: own pools where there are many outcomes, a moved wider law where there are few."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from assets.forecasting.evaluation.bias import MOST_FACTOR, mean_factor
from assets.forecasting.evaluation.calibrate import LEVELS, MEDIAN, MINIMUM_POOL, calibrated, untested
from assets.forecasting.evaluation.outcomes import Outcomes
from assets.forecasting.evaluation.published import OWN_POOLS, network_calibration, segment_calibration
from assets.forecasting.evaluation.recalibrate import ENDING_POOL, moved_levels, recalibrated
from assets.forecasting.evaluation.scorecard import cross_calibrated, score_of
from assets.forecasting.evaluation.shocks import UsualShares

HORIZON = 4
NO_SHOCKS = UsualShares(np.zeros(HORIZON), np.zeros(HORIZON))


def outcomes_of(level: np.ndarray, demand: np.ndarray, origins: int = 3, known: np.ndarray | None = None) -> Outcomes:
    rows = len(level)
    told = np.ones(demand.shape, dtype=bool) if known is None else known
    mean, ones = np.broadcast_to(level[:, None], demand.shape).copy(), np.ones(rows)
    return Outcomes(mean, demand, told, np.arange(rows), np.arange(rows) % origins, ones, ones, 0.9 * ones, 0.0 * mean)


def poisson(rows: int, seed: int, sold: float = 1.0) -> Outcomes:
    """Forecasts of half a unit to thirty, of which a share ``sold`` is asked for."""
    random = np.random.default_rng(seed)
    level = np.exp(random.uniform(np.log(0.5), np.log(30.0), rows))
    return outcomes_of(level, random.poisson(sold * level[:, None], (rows, HORIZON)).astype(float))


@pytest.fixture(scope="module")
def network():
    return network_calibration(poisson(4000, 1), HORIZON)


def covered(calibration, outcomes: Outcomes) -> float:
    quantiles = calibration.quantiles_of(outcomes.expected, outcomes.level)
    low, high = (quantiles[:, :, int(np.argmin(np.abs(LEVELS - level)))] for level in (0.1, 0.9))
    return float(np.mean((outcomes.actual >= low) & (outcomes.actual <= high)))


def test_a_segment_without_outcomes_has_the_law_of_its_level_in_the_network(network):
    none = poisson(10, 2).rows(np.zeros(10, dtype=bool))
    found, law = segment_calibration(none, *network), network[0]
    assert all(np.array_equal(getattr(found, name), part) for name, part in vars(law).items())


def test_a_segment_like_the_network_keeps_its_law(network):
    found = segment_calibration(poisson(OWN_POOLS - 10, 3), *network)
    mean, level = np.full((1, HORIZON), 10.0).cumsum(axis=1), np.array([10.0])
    assert found.quantiles_of(mean, level) == pytest.approx(network[0].quantiles_of(mean, level), rel=0.12, abs=1.0)


@pytest.mark.parametrize("rows", [30, 120])
def test_a_segment_that_sells_half_of_what_was_expected_is_covered_again(network, rows):
    """The network's band misses what few outcomes have shown, the moved one holds outcomes not seen."""
    seen, ahead = poisson(rows, 4, sold=0.5), poisson(500, 5, sold=0.5)
    own = covered(segment_calibration(seen, *network), ahead)
    assert covered(network[0], ahead) < 0.6
    assert own > (0.75 if rows > MINIMUM_POOL else 0.65)


def test_a_moved_law_still_tells_spread_by_level(network):
    found = segment_calibration(poisson(100, 6, sold=0.5), *network)
    assert (found.edges == network[0].edges).all()
    ahead = poisson(2000, 7, sold=0.5)
    small, large = ahead.level < 2.0, ahead.level > 15.0
    assert covered(found, ahead.rows(small)) > 0.75
    # One move of levels cannot be right for all of them; where the network's law is hopeless it is half.
    assert covered(network[0], ahead.rows(large)) < 0.1
    assert covered(found, ahead.rows(large)) > 0.5


def test_few_outcomes_move_less_than_many_that_say_the_same(network):
    few, many = (recalibrated(poisson(rows, 8, sold=0.3), network[0], NO_SHOCKS) for rows in (8, 80))
    before = network[0].quantiles[:, -1, MEDIAN]
    assert (before > few.quantiles[:, -1, MEDIAN]).all()
    assert (few.quantiles[:, -1, MEDIAN] > many.quantiles[:, -1, MEDIAN]).all()


def test_a_segment_whose_series_may_end_foresees_an_end_that_none_of_its_few_outcomes_was(network):
    seen = poisson(24, 8)
    found, ending = (recalibrated(seen, network[0], NO_SHOCKS, may_end=ends) for ends in (False, True))
    low, high = 1, 11
    assert (ending.quantiles[:, -1, low] < found.quantiles[:, -1, low] - 0.3).all()
    assert ending.quantiles[:, -1, high] == pytest.approx(found.quantiles[:, -1, high], abs=0.6)
    assert (np.diff(ending.quantiles, axis=2) >= 0).all()
    assert (np.diff(ending.interval_quantiles, axis=2) >= 0).all()


def test_outcomes_of_a_segment_whose_series_may_end_say_more_of_where_it_lies(network):
    seen, ahead = poisson(ENDING_POOL, 8, sold=0.4), poisson(500, 5, sold=0.4)
    usual, ending = (recalibrated(seen, network[0], NO_SHOCKS, may_end=ends) for ends in (False, True))
    assert (ending.quantiles[:, -1, MEDIAN] < usual.quantiles[:, -1, MEDIAN]).all()
    assert covered(network[0], ahead) < covered(usual, ahead) < covered(ending, ahead)


def test_many_outcomes_have_pools_of_their_own(network):
    outcomes = poisson(OWN_POOLS + 1, 9, sold=0.5)
    found = segment_calibration(outcomes, *network)
    plain = calibrated(outcomes.scaled(mean_factor(outcomes)), network[0])
    assert (found.edges == plain.edges).all()
    assert (found.quantiles[:, :, MEDIAN] == plain.quantiles[:, :, MEDIAN]).all()


def test_without_shocks_the_network_is_hardly_wider_than_its_pool(network):
    plain = calibrated(poisson(4000, 1), untested(HORIZON))
    ratio = np.ptp(network[0].quantiles, axis=2) / np.ptp(plain.quantiles, axis=2)
    assert (ratio >= 1.0).all()
    assert ratio.max() < 1.03


def test_shocks_widen_quantiles_deviations_and_intervals_around_the_same_median():
    calm = poisson(1200, 10)
    shaken = replace(calm, demand=np.round(calm.demand * np.array([0.6, 1.0, 1.5])[calm.origin][:, None]))
    plain, (found, usual) = calibrated(shaken, untested(HORIZON)), network_calibration(shaken, HORIZON)
    assert (usual.cumulative > 0.05).all()
    assert (found.quantiles[:, :, MEDIAN] == plain.quantiles[:, :, MEDIAN]).all()
    for name in ("quantiles", "interval_quantiles"):
        assert (np.ptp(getattr(found, name), axis=2) > np.ptp(getattr(plain, name), axis=2)).all()
    for name in ("deviation", "interval_deviation"):
        assert (getattr(found, name) > getattr(plain, name)).all()


@pytest.mark.parametrize("rows", [1, 7, 60, 400])
def test_quantiles_never_cross_and_nothing_is_missing(network, rows):
    wild = poisson(rows, 11)
    wild = replace(wild, demand=wild.demand * np.where(np.arange(rows) % 3 == 0, 40.0, 0.0)[:, None])
    found = segment_calibration(wild, *network)
    for values in vars(found).values():
        assert np.isfinite(values).all()
    assert (np.diff(found.quantiles, axis=2) >= 0).all()
    assert (np.diff(found.interval_quantiles, axis=2) >= 0).all()
    assert (found.deviation > 0).all()


def test_what_is_not_known_teaches_nothing(network):
    clean = poisson(90, 12, sold=0.5)
    known = np.ones(clean.demand.shape, dtype=bool)
    known[:30] = False
    hidden = replace(clean, known=known, demand=np.where(known, clean.demand, 0.0))
    alone = clean.rows(np.arange(90) >= 30)
    found, expected = (recalibrated(each, network[0], NO_SHOCKS) for each in (hidden, alone))
    np.testing.assert_allclose(found.quantiles, expected.quantiles)
    np.testing.assert_allclose(found.interval_deviation, expected.interval_deviation)


def test_levels_of_uniform_transforms_stay_where_they_are():
    edges = np.linspace(0.0, 1.0, 1001)
    assert moved_levels(edges[:-1], edges[1:], 1.0) == pytest.approx(LEVELS, abs=1e-6)
    assert moved_levels(np.empty(0), np.empty(0), 0.0) == pytest.approx(LEVELS)


def test_levels_are_the_quantiles_of_the_transforms():
    place = stats.beta(2.0, 5.0).ppf((np.arange(4000) + 0.5) / 4000)
    assert moved_levels(place, place, 1.0) == pytest.approx(stats.beta(2.0, 5.0).ppf(LEVELS), abs=2e-3)
    assert (moved_levels(np.zeros(5), np.zeros(5), 0.5)[:MEDIAN] < 1e-5).all()


def test_a_level_where_no_transform_falls_hangs_on_no_rounding():
    """Half of the transforms lie below the gap: the last bit of a sum says which end of it is the median."""
    place = np.concatenate([np.linspace(0.05, 0.25, 10), np.linspace(0.75, 0.95, 10)])
    found = [moved_levels(place + shift, place + shift, 1.0) for shift in (0.0, 1e-15, -1e-15)]
    order = np.random.default_rng(3).permutation(20)
    found += [moved_levels(place[order], place[order], weight) for weight in (1.0, 1.0 - 1e-15)]
    assert found[0][MEDIAN] == pytest.approx(0.5, abs=1e-6)
    for levels in found:
        assert levels == pytest.approx(found[0], abs=1e-10)
        assert (np.diff(levels) >= 0).all()


@pytest.mark.parametrize("mirrored", [False, True])
def test_levels_next_to_nothing_keep_their_digits_in_any_order_of_transforms(mirrored):
    """Outcomes far beyond a law have transforms of 1e-7 beside those of a tenth: as normal scores none may move."""
    random = np.random.default_rng(0)
    for _ in range(50):
        place = random.beta(0.05, 5.0, 150)
        place = 1.0 - place if mirrored else place
        order, rounding = random.permutation(150), 1.0 + 1e-16 * random.integers(-1, 2, 150)
        one, other = (
            stats.norm.ppf(np.clip(moved_levels(each, each, 1.0), 1e-7, 1.0 - 1e-7))
            for each in (place, np.minimum((place * rounding)[order], 1.0))
        )
        np.testing.assert_allclose(other, one, atol=1e-9)


def with_spikes(outcomes: Outcomes, count: int, units: float = 900.0) -> Outcomes:
    """Add so many units to one bucket of the first outcomes, all of which is known to be a spike."""
    excess = np.zeros_like(outcomes.demand)
    excess[:count, 1] = units
    return replace(outcomes, demand=outcomes.demand + excess, excess=excess)


@pytest.mark.parametrize("rows", [2, 4, 5, 39, 120, 1200])
def test_a_spike_of_one_series_leaves_the_law_of_its_neighbours(rows):
    clean = poisson(rows, 15)
    before, after = (network_calibration(each, HORIZON)[0] for each in (clean, with_spikes(clean, 1)))
    assert all(np.array_equal(getattr(after, name), part) for name, part in vars(before).items())
    network = network_calibration(poisson(4000, 1), HORIZON)
    before, after = (segment_calibration(each, *network) for each in (clean, with_spikes(clean, 1)))
    assert all(np.array_equal(getattr(after, name), part) for name, part in vars(before).items())


def test_spikes_that_many_series_show_are_how_demand_varies():
    clean = poisson(1200, 15)
    few, many = (network_calibration(with_spikes(clean, count), HORIZON)[0] for count in (12, 60))
    assert (few.quantiles == network_calibration(clean, HORIZON)[0].quantiles).all()
    assert (many.quantiles[:, 1:, -1] > 10.0 * few.quantiles[:, 1:, -1]).any()
    assert (many.deviation[:, 1:] > 2.0 * few.deviation[:, 1:]).any()


@pytest.mark.parametrize("spikes", [0, 1, 10])
def test_deviation_and_quantiles_tell_of_one_law(spikes):
    law = network_calibration(with_spikes(poisson(1200, 15), spikes), HORIZON)[0]
    low, high = (int(np.argmin(np.abs(LEVELS - level))) for level in (0.1, 0.9))
    spread = (law.quantiles[..., high] - law.quantiles[..., low]) / (2.0 * stats.norm.ppf(0.9))
    assert law.deviation == pytest.approx(spread, rel=0.15)


def test_what_happened_is_scored_with_its_spikes():
    clean = poisson(1200, 15)
    assert score_of("m", with_spikes(clean, 1)).pinball_loss > score_of("m", clean).pinball_loss
    quantiles = [cross_calibrated(each)[1] for each in (clean, with_spikes(clean, 1))]
    assert np.array_equal(*quantiles)


def mean_of_law(calibration, outcomes: Outcomes) -> float:
    """The mean of the published deciles of the whole horizon, over all rows: what the law itself expects."""
    quantiles = calibration.quantiles_of(outcomes.expected, outcomes.level)[:, -1]
    deciles = [int(np.argmin(np.abs(LEVELS - level))) for level in np.arange(0.1, 0.95, 0.1)]
    return float(quantiles[:, deciles].mean())


@pytest.mark.parametrize("rows", [60, 3000])
@pytest.mark.parametrize("sold", [0.5, 1.0, 1.8])
def test_a_mean_says_what_its_quantiles_say(network, sold, rows):
    ahead = poisson(2000, 9, sold=sold)
    found = segment_calibration(poisson(rows, 8, sold=sold), *network)
    mean = float(found.mean_of(ahead.expected)[:, -1].mean())
    assert mean == pytest.approx(ahead.actual[:, -1].mean(), rel=0.08)
    assert mean == pytest.approx(mean_of_law(found, ahead), rel=0.06)


def test_means_that_are_right_stay():
    assert mean_factor(poisson(3000, 10)) == pytest.approx(1.0, abs=0.01)


def test_few_outcomes_correct_a_mean_less_than_many():
    few, many = (mean_factor(poisson(rows, 8, sold=0.5)) for rows in (10, 400))
    assert 0.5 < many < few < 1.0
    assert few == pytest.approx(1.0 - 0.5 * 10 / MINIMUM_POOL, abs=0.05)


def test_a_shock_of_one_origin_is_not_a_bias():
    outcomes = poisson(3000, 14)
    doubled = np.where((outcomes.origin == 0)[:, None], 1.6, 1.0)
    assert mean_factor(replace(outcomes, demand=doubled * outcomes.demand)) == pytest.approx(1.0, abs=0.02)
    assert mean_factor(replace(outcomes, demand=1.2 * outcomes.demand)) == pytest.approx(1.2, abs=0.03)


def test_an_origin_alone_is_no_bias_however_many_say_next_to_nothing():
    outcomes = poisson(3000, 14)
    first = (outcomes.origin == 0)[:, None]
    shaken = replace(outcomes, demand=1.6 * outcomes.demand)
    assert mean_factor(shaken) == pytest.approx(1.6, abs=0.03)
    assert mean_factor(shaken.rows(first[:, 0])) == 1.0
    assert mean_factor(replace(shaken, known=first & outcomes.known)) == 1.0
    small = np.where(first, 1.0, 1e-3)
    other = replace(outcomes, mean=small * outcomes.mean, demand=np.where(first, 1.6, 1e-3) * outcomes.demand)
    assert mean_factor(other) < 1.0 + 0.6 * 0.6


def test_what_is_not_known_corrects_nothing_and_no_factor_is_absurd():
    nothing = poisson(100, 11)
    assert mean_factor(replace(nothing, known=np.zeros_like(nothing.known))) == 1.0
    assert mean_factor(replace(nothing, mean=np.zeros_like(nothing.mean))) == 1.0
    assert mean_factor(nothing.rows(np.zeros(100, dtype=bool))) == 1.0
    assert mean_factor(replace(nothing, demand=100.0 * nothing.demand)) == pytest.approx(MOST_FACTOR, abs=0.05)
    hidden = nothing.known.copy()
    hidden[:, 1:] = False
    shown = replace(nothing, known=hidden, demand=np.where(hidden, nothing.demand, 999.0))
    assert mean_factor(shown) == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("rows", [90, 3000])
def test_what_is_published_hardly_depends_on_the_scale_of_a_candidates_means(network, rows):
    """A candidate that says half of everything is corrected to what it would say without the mistake."""
    seen, ahead = poisson(rows, 12), poisson(50, 13)
    plain, halved = (segment_calibration(each, *network) for each in (seen, seen.scaled(0.5)))
    one = plain.quantiles_of(ahead.expected, ahead.level)
    other = halved.quantiles_of(0.5 * ahead.expected, 0.5 * ahead.level)
    np.testing.assert_allclose(other, one, rtol=0.03, atol=0.1)
    one, other = (
        plain.deviation_of(ahead.expected, ahead.level),
        halved.deviation_of(0.5 * ahead.expected, 0.5 * ahead.level),
    )
    np.testing.assert_allclose(other, one, rtol=0.03)
