"""Lead times that are known or only known to be longer, against a published product-limit estimate."""

import numpy as np
import pytest

from assets.forecasting.lead_time_survival import posterior_mass

# Weeks in remission of 21 patients on 6-mercaptopurine; Gehan (1965), and Cox and Oakes (1984, table 1.1).
ENDED = (6, 6, 6, 7, 10, 13, 16, 22, 23)
CENSORED = (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)
# Product-limit estimates of survival beyond each week, as published for these data.
PUBLISHED = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}
WEEKS = 37


def counts(times):
    return np.bincount(times, minlength=WEEKS)[None].astype(float)


def survival(prior, weight):
    # Known to last beyond a week is not to have ended before the next.
    mass = posterior_mass(counts(ENDED), counts(np.array(CENSORED) + 1), prior, np.array([weight]))
    return 1.0 - np.cumsum(mass[0])


@pytest.mark.parametrize(("week", "share"), PUBLISHED.items())
def test_without_a_prior_it_is_the_published_product_limit_estimate(week, share):
    prior = np.full(WEEKS, 1.0 / WEEKS)
    assert survival(prior, 0.0)[week] == pytest.approx(share, abs=5e-4)


def test_survival_does_not_change_between_ends():
    left = survival(np.full(WEEKS, 1.0 / WEEKS), 0.0)
    assert left[12] == pytest.approx(left[10])
    assert left[34] == pytest.approx(left[23])
    assert left[36] == pytest.approx(0.0)


def test_a_prior_of_great_weight_stands_and_one_of_little_weight_gives_way():
    prior = np.full(WEEKS, 1.0 / WEEKS)
    assert survival(prior, 1e9) == pytest.approx(1.0 - np.cumsum(prior), abs=1e-6)
    assert survival(prior, 1e-9)[:24] == pytest.approx(survival(prior, 0.0)[:24], abs=1e-6)


def test_without_censoring_it_is_the_weighted_mean_of_prior_and_shares():
    prior = np.full(WEEKS, 1.0 / WEEKS)
    nothing = np.zeros((1, WEEKS))
    mass = posterior_mass(counts(ENDED), nothing, prior, np.array([4.0]))
    assert mass[0] == pytest.approx((4 * prior + counts(ENDED)[0]) / (4 + len(ENDED)))
