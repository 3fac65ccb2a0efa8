"""`equipoise bench coherence`: what reconciliation does to accuracy by level and to the decision loss.

Bottom forecasts are the segments' champions of the active release. Not here: the panels
(``scorecard_panels``), or how methods are judged (``assets.forecasting.hierarchy.coherence_scores``).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from scorecard_panels import PANELS, BenchPanel
from vn2_files import published_files, read_challenge

from assets.feeds.synthetic.parameters import WorldParameters
from assets.feeds.synthetic.world import World
from assets.forecasting.evaluation.backtest import backtest
from assets.forecasting.hierarchy.coherence import coherence_test
from assets.forecasting.hierarchy.coherence_scores import MethodScore, coherence_scores
from assets.forecasting.hierarchy.named_means import means_by_name
from assets.kernel.errors import EquipoiseError
from assets.policy.registry import PolicyRegistry
from orchestration.cli.console import table

NAMES = ("vn2", "favorita", "synthetic")


def run(*, data: Path, panel: Sequence[str] = ()) -> dict[str, Any]:
    """Judge every method on the panels that have a hierarchy.

    Parameters
    ----------
    data : Path
        Folder with a folder of published files for each panel.
    panel : sequence of str
        Which of them; all where it is empty.

    Raises
    ------
    EquipoiseError
        If a panel has no hierarchy.
    """
    unknown = [name for name in panel if name not in NAMES]
    if unknown:
        raise EquipoiseError(
            f"panel {unknown[0]} has no hierarchy, or is none",
            where="--panel",
            remedy=f"Name one of {', '.join(NAMES)}",
        )
    chosen = [name for name in NAMES if name in (panel or NAMES)]
    return {"panels": {name: measured(PANELS[name](data), regions(name, data)) for name in chosen}}


def regions(name: str, data: Path) -> Mapping[str, str]:
    """Return site to region: store formats of VN2, warehouses of Favorita, regions of the sample world."""
    if name == "vn2":
        series = read_challenge(*published_files(data / "vn2")).series
        sites = series["Store"].map("store-{:05d}".format)
        return dict(zip(sites, series["StoreFormat"].map("format-{}".format), strict=True))
    if name == "favorita":
        lanes = pd.read_csv(data / "favorita_21_stores" / "lanes.csv")
        nearest = lanes.sort_values(["store", "lead_time_weeks", "warehouse"]).drop_duplicates("store")
        sites = nearest["store"].map("store-{:02d}".format)
        return dict(zip(sites, nearest["warehouse"].map("warehouse-{}".format), strict=True))
    sites = World(WorldParameters()).catalogue.sites
    return dict(zip(sites.ids.tolist(), sites.region_name.tolist(), strict=True))


def measured(bench: BenchPanel, region_of: Mapping[str, str]) -> dict[str, Any]:
    """Return losses by method and level of one panel."""
    rules = PolicyRegistry().active().forecast.model_copy(update={"origins": bench.origins})
    panel = bench.panel()
    champion = {found.segment: found.champion.name for found in backtest(panel, rules, bench.horizon).segments}
    named = panel.index.assign(model=panel.index["demand_segment"].map(champion))
    started = time.process_time()
    test = coherence_test(panel, region_of, means_by_name(named), rules.origins, bench.horizon)
    forecast_seconds = time.process_time() - started
    scores = coherence_scores(test, rules)
    return {
        "series": test.panel.size,
        "groups": test.hierarchy.group_count,
        "champions": champion,
        "models": test.models,
        "origins": scores.origin_count,
        "used": scores.used,
        "methods": [_method(score) for score in scores.methods],
        "cpu_seconds": {
            "forecasts": round(forecast_seconds, 1),
            "methods": round(time.process_time() - started - forecast_seconds, 1),
        },
    }


def show(console: Console, found: dict[str, Any]) -> None:
    """Print two tables a panel: decision loss of item-sites, and WAPE by level."""
    for name, one in found["panels"].items():
        methods, levels = one["methods"], list(one["methods"][1]["wape"])
        title = f"{name}: {one['series']} series, {one['groups']} groups, {one['origins']} origins; used {one['used']}"
        losses = ("decision loss", "gain", "at least")
        console.print(
            table(title, ("method", *losses, "better origins"), [_losses(method) for method in methods], right=losses)
        )
        console.print(table("WAPE", ("method", *levels), [_wapes(method, levels) for method in methods], right=levels))
        console.print(f"models: {_said(one['models'])}; champions: {_said(one['champions'])}")
        console.print(f"CPU seconds: {_said(one['cpu_seconds'])}")


def _method(score: MethodScore) -> dict[str, Any]:
    told = {name: value for name, value in asdict(score).items() if name != "levels"}
    rounded = {name: round(value, 5) if isinstance(value, float) else value for name, value in told.items()}
    columns = ("wape", "bias", "incoherence")
    return {
        **rounded,
        **{name: {one.level: round(float(getattr(one, name)), 4) for one in score.levels} for name in columns},
    }


def _losses(method: dict[str, Any]) -> list[Any]:
    numbers = [method[name] for name in ("pinball_loss", "gain", "gain_low")]
    return [method["method"], *("" if one is None else f"{one:.4f}" for one in numbers), method["better_origins"]]


def _wapes(method: dict[str, Any], levels: list[str]) -> list[str]:
    wapes = [method["wape"].get(level, np.nan) for level in levels]
    return [method["method"], *("" if np.isnan(wape) else f"{wape:.4f}" for wape in wapes)]


def _said(told: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in told.items())
