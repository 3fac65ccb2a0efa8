"""Distributions from times that are known, or known only to be longer: the Kaplan-Meier estimate with a prior.

Here: the arithmetic on whole days, for many sources at once. Not here: which prior, and how much it
weighs (``lead_time_credibility``, ``lead_time``).
"""

from __future__ import annotations

import numpy as np

from assets.forecasting.history.arrays import Flags, Reals


def posterior_mass(received: Reals, still_open: Reals, prior: Reals, prior_weight: Reals) -> Reals:
    """Return the probability of each day, given times seen to end and times seen to last.

    With ``k`` the weight of the prior, ``f0`` its probabilities and ``S0`` its survival to the day, ``d`` the
    times that ended on the day and ``Y`` those at risk on it, the hazard of the day is::

        (k f0 + d) / (k S0 + Y)

    the posterior mean under a Dirichlet process (Susarla and Van Ryzin 1976; in discrete time Walker and
    Muliere 1997). With ``k = 0`` it is the product-limit estimate of Kaplan and Meier (1958), without open
    times ``(k f0 + d) / (k + n)``, without any the prior. What is left after the last day that anything is
    known of stands on that day (Efron 1967).

    Parameters
    ----------
    received : array (g, w)
        Weight of the times that ended on each day.
    still_open : array (g, w)
        Weight of the times that had not ended before a day, and are not followed on it or after.
    prior : array (g, w) or (w,)
        Probabilities, each row adding up to 1.
    prior_weight : array (g,)
        At least 0, in the unit of the weights.

    Returns
    -------
    array (g, w)
        Rows add up to 1, or to 0 where there is neither a time nor a prior.

    Examples
    --------
    Of two orders one came on day 1, the other is open on day 1 and not seen later:

    >>> came, waiting = np.array([[0.0, 1.0, 0.0]]), np.array([[0.0, 1.0, 0.0]])
    >>> posterior_mass(came, waiting, np.array([0.0, 0.0, 1.0]), np.zeros(1)).tolist()
    [[0.0, 1.0, 0.0]]
    >>> posterior_mass(came, waiting, np.array([0.0, 0.0, 1.0]), np.ones(1)).tolist()
    [[0.0, 0.5, 0.5]]
    """
    weight = prior_weight[:, None]
    expected = weight * prior
    at_risk = _from_here_on(received + expected) + _from_here_on(still_open) - still_open
    # Sums of shares: below this nothing is left but rounding.
    known: Flags = np.greater(at_risk, 1e-9)
    hazard = np.where(known, (received + expected) / np.where(known, at_risk, 1.0), 0.0)
    hazard = np.clip(hazard, 0.0, 1.0)
    told: Flags = np.logical_or(known, still_open > 0)
    last = received.shape[1] - 1 - np.argmax(np.flip(told, axis=1), axis=1)
    hazard[np.arange(len(hazard)), last] = 1.0
    surviving = np.cumprod(1.0 - hazard, axis=1)
    before = np.concatenate([np.ones((len(hazard), 1)), surviving[:, :-1]], axis=1)
    mass: Reals = hazard * before * np.any(told, axis=1, keepdims=True)
    return mass


def _from_here_on(values: Reals) -> Reals:
    total: Reals = np.cumsum(values[:, ::-1], axis=1)[:, ::-1]
    return total
