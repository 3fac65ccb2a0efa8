"""A selection reused: update and quantiles without another backtest."""

import datetime as dt
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from assets.forecasting.evaluation import backtest as backtests
from assets.forecasting.models import series_models
from assets.forecasting.registry.selection import Selection
from assets.kernel.errors import EquipoiseError

STAMP = "model_version"


@pytest.fixture(scope="module")
def theta(release):
    """A release whose regular series are forecast by the one model that fits parameters."""
    menus = {**release.forecast.candidates, "smooth": ("OptimizedTheta",)}
    rules = release.forecast.model_copy(update={"candidates": menus, "origins": 1})
    return release.model_copy(update={"forecast": rules})


@pytest.fixture(scope="module")
def selecting(worlds, theta):
    world = worlds(items=5, sites=2)
    return world, world.forecast(theta)


def stored(selection: Selection, folder) -> Selection:
    selection.fitted.to_parquet(folder / "fitted.parquet")
    document = json.loads(json.dumps(selection.document()))
    return Selection.of_document(document, pd.read_parquet(folder / "fitted.parquet"))


def test_the_same_data_and_a_stored_selection_give_the_same_forecast_and_stamp_to_the_bit(selecting, theta, tmp_path):
    world, made = selecting
    again = world.forecast(theta, selection=stored(made.selection, tmp_path))
    assert not made.selection.fitted.empty
    pd.testing.assert_frame_equal(again.forecast, made.forecast, check_exact=True)
    pd.testing.assert_frame_equal(again.scores, made.scores, check_exact=True)


def test_a_stored_selection_is_the_selection(selecting, tmp_path):
    selection = selecting[1].selection
    assert stored(selection, tmp_path).version == selection.version


def corrected(selection: Selection, factor: float) -> Selection:
    """Return the selection as if every candidate's means had been off by a factor."""
    choices = tuple(
        replace(choice, calibrations=tuple(replace(part, mean_factor=factor) for part in choice.calibrations))
        for choice in selection.choices
    )
    return replace(selection, choices=choices)


def test_what_was_kept_before_means_were_corrected_is_still_what_was_kept(selecting, tmp_path):
    plain = corrected(selecting[1].selection, 1.0)
    assert "mean_factor" not in json.dumps(plain.document())
    assert stored(plain, tmp_path).version == plain.version
    changed = stored(corrected(plain, 0.5), tmp_path)
    assert {part.mean_factor for choice in changed.choices for part in choice.calibrations} == {0.5}
    assert changed.version != plain.version


def test_the_published_forecast_is_about_corrected_means(selecting, theta):
    world, made = selecting
    one, half = (world.forecast(theta, selection=corrected(made.selection, factor)).forecast for factor in (1.0, 0.5))
    modelled = ~one["model"].isin(["analogue", "uninformed", "ended"])
    assert modelled.any()
    for name in ("mean_units", "cumulative_mean_units"):
        assert half.loc[modelled, name].to_numpy() == pytest.approx(0.5 * one.loc[modelled, name].to_numpy(), rel=1e-9)
    middle = half.loc[modelled, "cumulative_q50_units"].to_numpy()
    assert (middle <= one.loc[modelled, "cumulative_q50_units"].to_numpy() + 1e-9).all()


def test_nothing_is_backtested_or_fitted_again(selecting, theta, monkeypatch):
    world, made = selecting

    class Fitted:
        def __init__(self, model):
            self.model = model

        def forward(self, **told):
            self.model.model_ = self.model_
            return self.model.forward(**told)

    define = series_models.definition
    monkeypatch.setattr(series_models, "definition", lambda choice: Fitted(define(choice)))
    monkeypatch.setattr(backtests, "_origins", None)
    again = world.forecast(theta, selection=made.selection).forecast
    assert set(again.loc[again["demand_segment"] == "smooth", "model"]) == {"OptimizedTheta"}


def test_an_update_sees_the_new_data(selecting, theta):
    world, made = selecting
    more = world.demand.copy()
    more.loc[more["item_id"] == "item-4", "demand_lower_bound_units"] *= 2
    again = type(world)(more, world.features).forecast(theta, selection=made.selection).forecast
    chosen = again["item_id"] == "item-4"
    ratio = again.loc[chosen, "mean_units"].to_numpy() / made.forecast.loc[chosen, "mean_units"].to_numpy()
    assert ratio == pytest.approx(np.full(chosen.sum(), 2.0), rel=0.35)
    assert again[STAMP].iloc[0] != made.forecast[STAMP].iloc[0]


def test_a_series_that_the_selection_does_not_know_is_fitted(selecting, theta, rows):
    world, made = selecting
    extra = rows(np.random.default_rng(3).poisson(6, 100), item="newcomer", site="store-0")
    again = world.with_series(extra, "newcomer", "store-0", "smooth").forecast(theta, selection=made.selection)
    assert "newcomer" in set(again.selection.fitted["item_id"])
    assert "newcomer" not in set(made.selection.fitted["item_id"])


def test_a_segment_that_did_not_occur_takes_the_first_of_its_menu_and_the_network_s_calibration(selecting, theta, rows):
    world, made = selecting
    extra = rows(np.random.default_rng(3).poisson(0.4, 100) * 9, item="lump", site="store-0")
    found = world.with_series(extra, "lump", "store-0", "lumpy").forecast(theta, selection=made.selection).forecast
    lump = found[found["item_id"] == "lump"]
    assert set(lump["model"]) == {theta.forecast.candidates["lumpy"][0]}
    assert np.isfinite(lump["cumulative_q95_units"]).all()


def test_a_selection_made_under_other_rules_is_refused(selecting, release):
    world, made = selecting
    with pytest.raises(EquipoiseError, match="other rules"):
        world.forecast(release, selection=made.selection)


def test_a_document_that_is_no_selection_is_refused_by_name():
    with pytest.raises(EquipoiseError, match="no selection"):
        Selection.of_document({"made_for": dt.date(2025, 6, 30).isoformat()}, pd.DataFrame())
