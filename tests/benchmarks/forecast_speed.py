"""Seconds and memory of forecasting as panels grow, and how much of it the models themselves take.

Panels are written as Parquet first; then each run has a process of its own, so that its peak
memory is its own. The runs of a size:

``full``     backtest, champions, calibration, quantiles.
``reused``   the selection of that run read back: update and quantiles, which is what happens daily.
``models``   both again with every model of a single series called through statsforecast series by
             series, and the seconds inside those calls and inside LightGBM's: the models' own time.
``library``  the series whose champion is statsforecast's through its own panel interface, frame to
             frame, which gives means only: no season factors, no censoring, no quantiles.

CPU seconds are compared: the machine may be busy with other things.
"""

from __future__ import annotations

import cProfile
import json
import pstats
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from speed_panel import PLAN_DATE, write_panel

from assets.forecasting.forecast import DemandForecast, forecast_demand
from assets.forecasting.history.grid import runs_of
from assets.forecasting.models import candidates, series_models
from assets.forecasting.models.array_models import ARRAY_MODELS
from assets.forecasting.registry.prescribed import Prescribed
from assets.forecasting.registry.selection import Selection
from assets.kernel.calendar import Bucket, PlanCalendar
from assets.kernel.errors import EquipoiseError
from assets.policy.registry import PolicyRegistry

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Size:
    """One panel to measure."""

    series: int
    bucket: Bucket
    length: int
    horizon: int

    @property
    def name(self) -> str:
        """As an error or a folder calls it."""
        return f"{self.series}-{self.bucket}-{self.length}"


SIZES = (
    Size(1_000, Bucket.WEEK, 157, 8),
    Size(10_000, Bucket.WEEK, 157, 8),
    Size(100_000, Bucket.WEEK, 157, 8),
    Size(30_000, Bucket.DAY, 730, 14),
)
RUNS = ("full", "reused", "models", "library")
# Steps of a forecast by the functions that do them.
PARTS = {
    "rows to a panel": ("build_panel",),
    "season and stock-outs": ("fill_censored",),
    "what trees see": ("features_at",),
    "trees": ("_correction",),
    "shrunken means": ("shrunken_means",),
    "quantiles": ("quantiles_of", "deviation_of"),
    "analogues of thin series": ("forecast_from_analogues",),
    "panel to rows": ("forecast_frame",),
    "digest of the data": ("data_digest",),
}


def run(largest: int = 100_000) -> dict[str, Any]:
    """Measure every size up to ``largest`` series.

    Returns
    -------
    dict
        ``sizes``: one object a size; ``growth_exponent``: of CPU seconds over series, weekly panels,
        by kind of run.
    """
    sizes = []
    for size in SIZES:
        if size.series <= largest:
            with tempfile.TemporaryDirectory(prefix="forecast-speed-") as folder:
                sizes.append(_measured(size, Path(folder)))
    return {"sizes": sizes, "growth_exponent": growth(sizes)}


def _measured(size: Size, folder: Path) -> dict[str, Any]:
    write_panel(folder, size.series, size.bucket, size.length)
    found = {name: _in_a_child(name, size, folder) for name in RUNS}
    models, library = found.pop("models"), found.pop("library")
    for kind in ("full", "reused"):
        by_library = models[kind]
        own = sum(by_library.values())
        found[kind] |= by_library | {"models_cpu_seconds": own, "overhead": found[kind]["cpu_seconds"] / own - 1.0}
    return {**asdict(size), **found, "library": library}


def growth(sizes: list[dict[str, Any]]) -> dict[str, float | None]:
    """Return the slope of log seconds over log series between the two largest weekly panels."""
    weekly = sorted((found for found in sizes if found["bucket"] == "week"), key=lambda found: found["series"])[-2:]
    if len(weekly) < 2:
        return {"full": None, "reused": None}
    ratio = np.log(weekly[1]["series"] / weekly[0]["series"])
    return {
        kind: float(np.log(weekly[1][kind]["cpu_seconds"] / weekly[0][kind]["cpu_seconds"]) / ratio)
        for kind in ("full", "reused")
    }


def show(console: Console, found: dict[str, Any]) -> None:
    """Print what ``run`` found, for people."""
    table = Table(
        "series", "buckets", "run", "seconds", "CPU s", "peak GB", "statsforecast's CPU s", "LightGBM's", "overhead"
    )
    for size in found["sizes"]:
        labels = f"{size['series']:,}", f"{size['length']} × {size['bucket']}"
        for kind in ("full", "reused", "library"):
            spent = size[kind]
            beside = ("", "", "")
            if "overhead" in spent:
                own = (f"{spent[name]:.1f}" for name in ("statsforecast_cpu_seconds", "lightgbm_cpu_seconds"))
                beside = (*own, f"{spent['overhead']:+.0%}")
            measured = f"{spent['seconds']:.1f}", f"{spent['cpu_seconds']:.1f}", f"{spent['peak_gb']:.2f}"
            table.add_row(*labels, kind, *measured, *beside)
    console.print(table)
    console.print(_parts_table(found["sizes"]))
    for kind, exponent in found["growth_exponent"].items():
        if exponent is not None:
            console.print(f"growth of CPU seconds with series, {kind}: exponent {exponent:.2f}")


def _parts_table(sizes: list[dict[str, Any]]) -> Table:
    named = [f"{size['series']:,} × {size['length']} {size['bucket']}s" for size in sizes]
    table = Table("CPU s of a step, selection reused", *named)
    for part in (*PARTS, "all else"):
        table.add_row(part, *(f"{size['reused']['parts_cpu_seconds'][part]:.2f}" for size in sizes))
    return table


def _in_a_child(kind: str, size: Size, folder: Path) -> dict[str, Any]:
    command = [sys.executable, str(Path(__file__)), kind, json.dumps(asdict(size)), str(folder)]
    child = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if child.returncode:
        raise EquipoiseError(
            f"the run failed: {(child.stderr.strip().splitlines() or ['no message'])[-1]}",
            where=f"bench forecast-speed, {kind}, {size.name}",
            remedy="Run it with --largest 1000; smaller panels need less memory",
        )
    measured: dict[str, Any] = json.loads(child.stdout)
    return measured


class Forecasting:
    """The panel in a folder, and forecasting it."""

    def __init__(self, size: Size, folder: Path) -> None:
        self.size, self.folder = size, folder
        self.demand, self.features, self.items, self.sites = (
            pd.read_parquet(folder / f"{name}.parquet") for name in ("demand", "features", "items", "sites")
        )
        release = PolicyRegistry().active()
        rules = release.forecast.model_copy(update={"history_buckets": size.length})
        self.release = release.model_copy(update={"forecast": rules})

    def __call__(self, selection: Selection | None = None) -> DemandForecast:
        """Forecast everything."""
        return forecast_demand(
            self.demand, self.features, self.release, PlanCalendar(self.size.bucket, "UTC"), PLAN_DATE,
            self.size.horizon, items=self.items, sites=self.sites, models=Prescribed(selection),
        )  # fmt: skip

    def keep(self, selection: Selection) -> None:
        """Write a selection for the runs that reuse it."""
        (self.folder / "selection.json").write_text(json.dumps(selection.document()))
        selection.fitted.to_parquet(self.folder / "fitted.parquet")

    def kept(self) -> Selection:
        """Read it back."""
        document = json.loads((self.folder / "selection.json").read_text())
        return Selection.of_document(document, pd.read_parquet(self.folder / "fitted.parquet"))


def full(forecast: Forecasting) -> dict[str, Any]:
    """Time a run that selects."""
    made, spent = timed(forecast)
    forecast.keep(made.selection)
    champions = made.scores[made.scores["is_champion"]]
    return spent | {"champions": dict(zip(champions["demand_segment"], champions["model"], strict=True))}


def reused(forecast: Forecasting) -> dict[str, Any]:
    """Time a run that reuses the selection, and what each of its steps takes of another."""
    selection = forecast.kept()
    spent = timed(lambda: forecast(selection))[1]
    return spent | {"parts_cpu_seconds": parts(lambda: forecast(selection))}


def parts(work: Callable[[], Any]) -> dict[str, float]:
    """Return the CPU seconds of each step of a forecast, and of all else, as a profile tells them.

    Steps do not call each other, so that they add up.
    """
    profile = cProfile.Profile(time.process_time)
    profile.runcall(work)
    stats = pstats.Stats(profile)
    found = {
        part: sum(told[3] for (_, _, function), told in stats.stats.items() if function in functions)  # type: ignore[attr-defined]
        for part, functions in PARTS.items()
    }
    return found | {"all else": stats.total_tt - sum(found.values())}  # type: ignore[attr-defined]


def models(forecast: Forecasting) -> dict[str, dict[str, float]]:
    """Return the CPU seconds inside statsforecast's models, each series a call, and inside LightGBM."""
    import lightgbm

    series, trees = _Clock(), _Clock()
    grow, predict = lightgbm.train, lightgbm.Booster.predict
    lightgbm.train, lightgbm.Booster.predict = trees.timing(grow), trees.timing(predict)
    by_name = dict(ARRAY_MODELS)
    define = series_models.definition
    ARRAY_MODELS.clear()
    series_models.definition = lambda choice: _Timed(define(choice), series)
    try:
        selection = forecast.kept()
        own = {}
        for kind, told in (("reused", selection), ("full", None)):
            series.seconds = trees.seconds = 0.0
            forecast(told)
            own[kind] = {"statsforecast_cpu_seconds": series.seconds, "lightgbm_cpu_seconds": trees.seconds}
        return own
    finally:
        ARRAY_MODELS.update(by_name)
        series_models.definition = define
        lightgbm.train, lightgbm.Booster.predict = grow, predict


def library(forecast: Forecasting) -> dict[str, Any]:
    """Time statsforecast's own panel interface over the same champions, one after the other."""
    from statsforecast import StatsForecast

    bucket, season = forecast.size.bucket, 52 if forecast.size.bucket is Bucket.WEEK else 7
    spent = {"seconds": 0.0, "cpu_seconds": 0.0, "peak_gb": 0.0}
    for name, frame in _library_frames(forecast, forecast.kept()):
        model = series_models.definition(candidates.candidate(name, bucket, season))
        panel = StatsForecast([model], freq="W-MON" if bucket is Bucket.WEEK else "D")
        more = timed(partial(panel.forecast, df=frame, h=forecast.size.horizon))[1]
        spent = {key: more[key] + (0.0 if key == "peak_gb" else spent[key]) for key in spent}
    return spent


def _library_frames(forecast: Forecasting, selection: Selection) -> Iterator[tuple[str, pd.DataFrame]]:
    runs, lengths = runs_of(forecast.demand)
    rules = forecast.release.forecast
    segments = runs.merge(forecast.features, how="left")["demand_segment"]
    champion = segments.map({name: selection.of_segment(name, rules)[0] for name in segments.unique()})
    # The library has no answer for series shorter than a model's window or season.
    enough = lengths >= 2 * (52 if forecast.size.bucket is Bucket.WEEK else 28)
    ids = np.repeat(np.arange(len(runs)), lengths)
    for name in sorted(
        set(champion) & {choice.name for choice in series_models.series_models(forecast.size.bucket, 1)}
    ):
        rows = np.flatnonzero(((champion == name).to_numpy() & enough)[ids])
        if not len(rows):
            continue
        told = forecast.demand[["bucket_start", "demand_lower_bound_units"]].iloc[rows]
        columns = {"ds": told["bucket_start"], "y": told["demand_lower_bound_units"].astype("float64")}
        yield name, pd.DataFrame({"unique_id": ids[rows], **columns}).reset_index(drop=True)


@dataclass
class _Clock:
    """CPU seconds of some calls, which may come from threads beside each other."""

    seconds: float = 0.0
    _one: threading.Lock = field(default_factory=threading.Lock)

    def timing(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return the same call, its CPU seconds added up."""

        def timed_call(*told: Any, **named: Any) -> Any:
            began = time.thread_time()
            try:
                return call(*told, **named)
            finally:
                with self._one:
                    self.seconds += time.thread_time() - began

        return timed_call


class _Timed:
    """A statsforecast model whose calls are timed."""

    def __init__(self, model: Any, clock: _Clock) -> None:
        self._model, self._clock = model, clock

    def forecast(self, **told: Any) -> Any:
        return self._clock.timing(self._model.forecast)(**told)

    def forward(self, **told: Any) -> Any:
        self._model.model_ = self.model_
        return self._clock.timing(self._model.forward)(**told)

    def fit(self, **told: Any) -> _Timed:
        self._clock.timing(self._model.fit)(**told)
        self.model_ = self._model.model_
        return self

    def predict(self, **told: Any) -> Any:
        return self._clock.timing(self._model.predict)(**told)


def timed(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """Return what ``work`` returns, its seconds, and the peak memory of the process so far."""
    wall, cpu = time.perf_counter(), time.process_time()
    answer = work()
    spent = {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
    return answer, spent | {"peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MAXRSS_BYTES / 1e9}


# Linux says kilobytes, macOS bytes.
_MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024


def main(kind: str, size: str, folder: str) -> None:
    """Run one kind in this process and print what it took as JSON."""
    # Two seconds of imports are nobody's forecast.
    import statsforecast.models  # noqa: F401

    told = json.loads(size)
    forecast = Forecasting(Size(**{**told, "bucket": Bucket(told["bucket"])}), Path(folder))
    sys.stdout.write(json.dumps({"full": full, "reused": reused, "models": models, "library": library}[kind](forecast)))


if __name__ == "__main__":
    main(*sys.argv[1:])
