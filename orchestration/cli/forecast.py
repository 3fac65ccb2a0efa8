"""`equipoise forecast`: the demand forecast of one item at one site beside its history.

Not here: what is said of it (``forecast_words``), how it is drawn (``fan_text``,
``assets.forecasting.pages.fan_chart``), or why something was decided on it (``explain``).
"""

from __future__ import annotations

import datetime as dt
import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from assets.kernel.calendar import Bucket
from assets.kernel.errors import EquipoiseError
from assets.kernel.frames import Frame
from assets.kernel.frames.decisions import PROTECTION_DEMAND, TARGETS
from assets.kernel.frames.forecasts import (
    DEMAND_ANOMALIES,
    DEMAND_ESTIMATE,
    DEMAND_FORECAST,
    FORECAST_EFFECTS,
    FORECAST_SCORES,
    INTERVAL_CALIBRATION,
    QUANTILE_LEVELS,
    quantile_column,
)
from assets.kernel.frames.marts import DIM_EVENT, DIM_ITEM, DIM_SITE, FCT_DEMAND
from assets.kernel.published import Published
from assets.kernel.telling import Record, plain
from assets.policy.access import Permission
from orchestration.cli.command import PlanDate, command
from orchestration.cli.console import Output
from orchestration.cli.fan_text import PAST_ROWS, number, show_fan, show_history, show_paths
from orchestration.cli.forecast_words import sentences
from orchestration.cli.reading import only, open_network, planned_date, read_if_any, records

if TYPE_CHECKING:
    import pandas as pd

    from assets.forecasting.pages.announcements import Calendar
    from assets.forecasting.pages.series_view import SeriesView

# Buckets of history that are read: the chart's, and the JSON's.
HISTORY_BUCKETS = 60
_NAMED = 5
_UNITS = "demand_lower_bound_units"
# More than a JSON answer should hold; a simulation reads the published tables itself.
MOST_PATHS = 10_000

Item = Annotated[str, typer.Option(help="Item.")]
Site = Annotated[str, typer.Option(help="Site.")]
Paths = Annotated[int, typer.Option(min=0, max=MOST_PATHS, help="Also draw so many possible futures.")]
Seed = Annotated[int, typer.Option(min=0, help="Of the possible futures: the same seed draws the same.")]
Png = Annotated[Path | None, typer.Option(metavar="FILE", help="Also draw the chart into this PNG file.")]


@command(needs=Permission.READ_ORDERS)
def forecast(
    out: Output, item: Item, site: Site, date: PlanDate = None, png: Png = None, paths: Paths = 0, seed: Seed = 0
) -> None:
    """Draw what demand of an item at a site was, and how it is expected to go on."""
    if png is not None:
        require_png(png)
    home = open_network()
    out.access.require_sight_of(item)
    published = Published(home.published)
    plan_date = planned_date(published, DEMAND_FORECAST, date)
    view = view_of(published, plan_date, item, site, home.profile.bucket)
    told = gather(published, plan_date, view)
    if paths:
        told["paths"] = {"seed": seed, "units": draw_paths(published, plan_date, view, paths, seed)}
    if png is not None:
        draw(view, f"plan of {plan_date}, {summary(told)}", png)
    out.answer({**told, "png": str(png) if png else None}, lambda console: show(console, told))
    if png is not None:
        out.say(f"Chart written to {png}.")


def view_of(published: Published, plan_date: dt.date, item: str, site: str, bucket: Bucket) -> SeriesView:
    """Return a series' history and forecast.

    Raises
    ------
    EquipoiseError
        If the item or the site has no forecast in that plan.
    """
    import pandas as pd

    from assets.forecasting.pages.series_view import series_view

    ahead = _series(published, DEMAND_FORECAST, plan_date, item, site)
    if ahead.empty:
        raise _unknown(published, plan_date, item, site)
    demand = _series(published, FCT_DEMAND, plan_date, item, site)
    view = series_view(
        demand, ahead, item, site,
        buckets=HISTORY_BUCKETS, bucket_days=bucket.days, plan_date=pd.Timestamp(plan_date),
    )  # fmt: skip
    return view.with_announced(_calendar(published, plan_date))


def gather(published: Published, plan_date: dt.date, view: SeriesView) -> Record:
    """Return everything that is known of a series' forecast, as JSON holds it."""
    first = view.ahead.iloc[0]
    publication = published.latest(DEMAND_FORECAST.name, plan_date)
    last = view.past.tail(PAST_ROWS)
    starts = last["bucket_start"].dt.date.astype(str)
    segment = str(first["demand_segment"])
    of = (plan_date, view.item, view.site)
    scores = read_if_any(published, FORECAST_SCORES, plan_date, demand_segment=segment)
    return {
        "item": view.item,
        "site": view.site,
        "plan_date": plan_date.isoformat(),
        "bucket": view.bucket_name,
        "segment": segment,
        "model": str(first["model"]),
        "model_version": str(first["model_version"]),
        "run_id": publication.run_id if publication else "",
        "expected_units_next_bucket": float(first["mean_units"]),
        "expected_units_over_horizon": float(view.ahead["cumulative_mean_units"].iloc[-1]),
        "announced": _announced(view, plan_date),
        "target": only(records(TARGETS, _series(published, TARGETS, *of))),
        "protection_demand": only(records(PROTECTION_DEMAND, _series(published, PROTECTION_DEMAND, *of))),
        "champion_scores": only([row for row in scores if row["is_champion"]]),
        "ever_sold": bool((_series(published, FCT_DEMAND, *of)[_UNITS] > 0).any()),
        "recent_buckets": len(last),
        "recent_at_least": list(starts[last["known"] == "at_least"]),
        "recent_not_reported": list(starts[last["known"] == "nothing"]),
        "estimates": _told_of(published, DEMAND_ESTIMATE, plan_date, view),
        "anomalies": _told_of(published, DEMAND_ANOMALIES, plan_date, view),
        "history": _history(view.past),
        "forecast": _buckets(view.ahead),
    }


def draw_paths(published: Published, plan_date: dt.date, view: SeriesView, count: int, seed: int) -> list[list[int]]:
    """Return possible futures of a series: one list a path, of units a bucket.

    Raises
    ------
    EquipoiseError
        If the plan left no calibration of intervals, by which buckets of a path vary together.
    """
    from assets.forecasting.published_paths import published_paths

    calibration = published.read(INTERVAL_CALIBRATION, plan_date)
    _, units = published_paths(view.ahead, calibration, count, seed)
    return [[int(bucket) for bucket in path] for path in units[0].T]


def show(console: Console, told: Record) -> None:
    """Print a forecast for people."""
    console.print(Text(f"{told['item']} at {told['site']}: {told['segment']}, {told['model']}", "bold"))
    console.print(f"Plan of {told['plan_date']}, model version {told['model_version']}.", markup=False)
    for line in sentences(told):
        console.print(line, markup=False)
    target = told["target"]
    show_history(console, told["history"], told["bucket"])
    show_fan(console, told["forecast"], told["bucket"], target["protection_buckets"] if target else None)
    if "paths" in told:
        show_paths(console, told["paths"]["units"], told["paths"]["seed"], told["bucket"])


def summary(told: Record) -> str:
    """Return what is expected, in a few words."""
    target, units = told["target"], number(told["expected_units_over_horizon"])
    expected = f"{units} units expected over {len(told['forecast'])} {told['bucket']}s"
    if target is None:
        return expected
    return f"{expected}, {number(target['protection_mean_units'])} over review and lead time"


def require_png(path: Path) -> None:
    """Refuse a file that would not be called what it is.

    Raises
    ------
    EquipoiseError
        If the name does not end in ``.png``.
    """
    if path.suffix.lower() != ".png":
        raise EquipoiseError("the chart is a PNG", where=f"--png {path}", remedy="Let the file's name end in .png")


def draw(view: SeriesView, why: str, path: Path) -> None:
    """Draw a series into a PNG file.

    Raises
    ------
    EquipoiseError
        If the file cannot be written.
    """
    from assets.forecasting.pages.fan_chart import fan_charts

    chart = fan_charts([(view, why)])
    try:
        path.write_bytes(chart)
    except OSError as error:
        reason = (error.strerror or "it cannot be written").lower()
        raise EquipoiseError(
            reason, where=f"--png {path}", remedy="Name a file in a folder that can be written"
        ) from error


def _calendar(published: Published, plan_date: dt.date) -> Calendar:
    """Return what was announced at a plan date; nothing of what the run left out."""
    from assets.forecasting.pages.announcements import Calendar

    def table(frame: Frame) -> pd.DataFrame:
        return published.read(frame, plan_date) if published.latest(frame.name, plan_date) else frame.empty()

    return Calendar(*(table(frame) for frame in (DIM_EVENT, FORECAST_EFFECTS, DIM_ITEM, DIM_SITE)))


def _announced(view: SeriesView, plan_date: dt.date) -> list[Record]:
    """Return what is announced for the buckets ahead, each from the plan date on."""
    from dataclasses import asdict, replace

    ahead = [one for one in view.announced if one.last_date >= plan_date]
    return [plain(asdict(replace(one, first_date=max(one.first_date, plan_date)))) for one in ahead]


def _told_of(published: Published, frame: Frame, plan_date: dt.date, view: SeriesView) -> list[Record]:
    """Return what a table tells of the series' past, in the order of buckets."""
    found = _series(published, frame, plan_date, view.item, view.site).sort_values("bucket_start", kind="stable")
    return [
        {name: value for name, value in row.items() if name not in ("plan_date", "item_id", "site_id")}
        for row in records(frame, found)
    ]


def _history(past: pd.DataFrame) -> list[Record]:
    return [
        {
            "bucket_start": row["bucket_start"].date().isoformat(),
            "demand_units": None if row["known"] == "nothing" else float(row["demand_units"]),
            "known": str(row["known"]),
        }
        for row in past.to_dict("records")
    ]


def _buckets(ahead: pd.DataFrame) -> list[Record]:
    kept = ("bucket_index", "bucket_start", "mean_units", "cumulative_mean_units", "cumulative_std_units")
    return [
        {
            **{name: row[name] for name in kept},
            "quantiles": {str(level): row[quantile_column(level)] for level in QUANTILE_LEVELS},
        }
        for row in records(DEMAND_FORECAST, ahead)
    ]


def _series(published: Published, frame: Frame, plan_date: dt.date, item: str, site: str) -> pd.DataFrame:
    """Return the rows of one series; none where the run did not get so far.

    Only they leave the file: a network's demand is too long to be read for one series.
    """
    import pyarrow.parquet as pq

    publication = published.latest(frame.name, plan_date)
    if publication is None:
        return frame.empty()
    path = published.root / publication.path
    if not set(frame.names) <= set(pq.read_schema(path).names):
        # Says that another version of the program wrote it.
        return published.read(frame, plan_date)
    chosen = [("item_id", "=", item), ("site_id", "=", site)]
    return frame.from_arrow(pq.read_table(path, columns=frame.names, filters=chosen))


def _unknown(published: Published, plan_date: dt.date, item: str, site: str) -> EquipoiseError:
    """Return what is wrong with a pair that has no forecast, and the names nearest to it."""
    pairs = published.read(DEMAND_FORECAST, plan_date)[["item_id", "site_id"]].drop_duplicates()
    sites = sorted(pairs.loc[pairs["item_id"] == item, "site_id"])
    known = sites or sorted(set(pairs["item_id"]))
    asked, kind = (site, "site") if sites else (item, "item")
    what = f"{item} is not forecast at site {site}" if sites else f"there is no forecast of item {item}"
    if not asked.strip():
        what = f"no {kind} is named"
    near = difflib.get_close_matches(asked, known, n=_NAMED, cutoff=0.5) or known[:_NAMED]
    remedy = f"Give another {kind}, such as {', '.join(near)}" if near else "Look at `equipoise verdicts`"
    return EquipoiseError(what, where=f"plan of {plan_date}", remedy=remedy)
