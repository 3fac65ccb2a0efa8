"""A day's forecast: champions chosen anew where that is due, otherwise those of the registry updated.

What was used is recorded once the forecast stands, so that a killed run leaves the registry as it
was, and the same date planned again is the same to the bit. Not here: forecasting (``forecast``),
or when a refit is due (``registry.log``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from assets.forecasting.forecast import DemandForecast
from assets.forecasting.registry.log import Ruling
from assets.forecasting.registry.prescribed import Prescribed
from assets.forecasting.registry.records import Entered, Procedure, Terms, Used
from assets.forecasting.registry.registry import ModelRegistry
from assets.forecasting.registry.selection import Selection, rules_digest
from assets.kernel.calendar import AsKnown
from assets.kernel.identifiers import digest
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.policy.release import Release


@dataclass(frozen=True)
class Day:
    """What decides about the models of a plan date, beside the registry.

    Attributes
    ----------
    plan_date : date
        Plan.
    terms : Terms
        What a selection must have been made under.
    data_version : str
        Digest of the tables forecast from.
    policy_release : str
        Version of the release in force.
    procedure : Procedure
        When the release has champions challenged, and by what margin.
    has_drivers : bool
        Whether a promotion, a varying price or an event is known.
    """

    plan_date: dt.date
    terms: Terms
    data_version: str
    policy_release: str
    procedure: Procedure
    has_drivers: bool = False


@dataclass(frozen=True)
class DayForecast:
    """A day's forecast and where its models come from.

    Attributes
    ----------
    made : DemandForecast
        The forecast.
    entered : Entered
        The selection that it used, as it stands in the registry.
    used : Used
        That it was used.
    """

    made: DemandForecast
    entered: Entered
    used: Used


class Make(Protocol):
    """Forecasts as the registry prescribes."""

    def __call__(self, *, models: Prescribed) -> DemandForecast:
        """Return the forecast and the selection that made it."""


def terms_of(release: Release, profile: NetworkProfile, feature_set: str, as_known: AsKnown) -> Terms:
    """Return what a selection of a network must have been made under to be used."""
    rules = rules_digest(release.forecast, profile.calendar.bucket, profile.horizon_buckets)
    return Terms(rules=rules, feature_set=feature_set, as_known=as_known.value)


def day_of(
    published: Published,
    plan_date: dt.date,
    release: Release,
    profile: NetworkProfile,
    as_known: AsKnown,
    features: pd.DataFrame,
    tables: Sequence[str],
    has_drivers: bool,
) -> Day:
    """Return what decides about the models of a plan date.

    Parameters
    ----------
    features : DataFrame
        Frame ``FEAT_ITEM_SITE``; it names the feature set.
    tables : sequence of str
        Published tables that the forecast is made from; their digests are the data version.
    has_drivers : bool
        Whether they tell of a promotion, a varying price or an event.
    """
    feature_set = ",".join(sorted(set(features["feature_set_version"])))
    made = {name: getattr(published.latest(name, plan_date), "digest", "") for name in tables}
    terms = terms_of(release, profile, feature_set, as_known)
    rules = release.forecast
    procedure = Procedure(
        refit_days=rules.refit_days, promotion_margin=rules.promotion_margin, recalibration=rules.recalibration
    )
    return Day(plan_date, terms, digest(made), release.version, procedure, has_drivers)


def forecast_day(registry: ModelRegistry, day: Day, make: Make) -> DayForecast:
    """Forecast a plan date with the selection that the registry rules, and record what was used."""
    procedure = registry.procedure or day.procedure
    ruling = registry.log().ruling(day.plan_date, day.terms, day.data_version, procedure, day.has_drivers)
    standing = registry.selection(ruling.entry.version) if ruling.entry else None
    if ruling.entry and not ruling.refit:
        made = make(models=Prescribed(standing))
        used = _used(day, ruling, ruling.entry.version, made)
        registry.record(None, None, used)
        return DayForecast(made, ruling.entry, used)
    margin = (ruling.procedure or procedure).promotion_margin
    made = make(models=Prescribed(standing=standing, pins=ruling.pins, promotion_margin=margin))
    entered = _entered(day, ruling, made.selection)
    used = _used(day, ruling, entered.version, made)
    registry.record(made.selection, entered, used)
    return DayForecast(made, entered, used)


def _entered(day: Day, ruling: Ruling, selection: Selection) -> Entered:
    # A pin from other terms whose model is on its segment's menu no more has ended.
    lost = {segment for segment, pin in ruling.carried.items() if not selection.allows(segment, pin.model)}
    return Entered(
        terms=day.terms,
        version=selection.version,
        made_for=day.plan_date,
        data_version=day.data_version,
        policy_release=day.policy_release,
        standing=ruling.entry.version if ruling.entry else "",
        pins={name: pin for name, pin in ruling.pins.items() if pin != ruling.carried.get(name) or name not in lost},
        carried={name: pin for name, pin in ruling.carried.items() if name not in lost},
        why=ruling.refit,
        has_drivers=day.has_drivers,
    )


def _used(day: Day, ruling: Ruling, version: str, made: DemandForecast) -> Used:
    stamps = sorted(set(made.forecast["model_version"]))
    return Used(
        terms=day.terms,
        plan_date=day.plan_date,
        version=version,
        data_version=day.data_version,
        model_version=",".join(stamps),
        seen=ruling.seen,
        procedure=ruling.procedure,
    )
