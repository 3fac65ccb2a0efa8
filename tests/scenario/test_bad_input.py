"""Bad input from the sender to the plan: each fault ends in one line or a verdict, and the rest is planned.

Here stand two networks that were planned once, the first with faulty rows and the second with
faulty files, and what the command line says of either. Not here: every variant of a fault up to
the raw tables (``integration/test_bad_feeds``), and the gates' verdict on the faults of the
synthetic world (``integration/test_feeds_gate_verdicts``).
"""

import datetime as dt
import fcntl
import io
import json
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from feed_samples import rows_of

from assets.feeds.contract import feed_table
from assets.feeds.envelope import batch_available_at
from assets.feeds.landing import LandingArea
from assets.feeds.synthetic import FeedBatch, World, WorldParameters, demo_dates, demo_profile
from assets.feeds.synthetic.emission import feeds
from assets.kernel.calendar import Bucket
from assets.kernel.frames import Frame
from assets.kernel.frames.decisions import (
    DECISIONS,
    DEMAND_FORECAST,
    DOCUMENTS,
    PLAN_LINES,
    QUANTILE_COLUMNS,
    TARGETS,
)
from assets.kernel.frames.feeds import FEED_BATCHES
from assets.kernel.frames.marts import DIM_ITEM, DIM_ITEM_SITE, DIM_LANE, DIM_SITE, FCT_DEMAND, FEAT_ITEM_SITE
from assets.kernel.frames.quality import ALERTS, QUARANTINE, VERDICTS
from assets.kernel.network import NetworkProfile, lane_cycles
from assets.kernel.published import Published
from assets.kernel.warehouse import Warehouse
from orchestration.cli import application
from orchestration.settings import Settings

ONE_DAY = dt.timedelta(days=1)
PARAMETERS = WorldParameters.small(7)
START, END = demo_dates(PARAMETERS)
OVER = 2**31
Rows = pd.DataFrame
Edit = Callable[[Rows], Rows]

# Each fault has an item of its own; those of the first three are sold at one store alone.
NEVER_SOLD, SOLD_ONCE, ONLY_ZEROS = ("item-0002", "store-03"), ("item-0003", "store-02"), ("item-0013", "store-04")
NOT_SOLD_HERE = ("item-0016", "store-01")
NAN_SOLD, INFINITE_SHARE, NAN_COUNT = ("item-0006", "store-01"), ("item-0006", "store-02"), ("item-0008", "store-01")
INFINITE_RATE = ("item-0007", "store-04")
OVER_SOLD, OVER_COUNT = ("item-0009", "store-01"), ("item-0009", "store-03")
TOO_EARLY, TOO_LATE, ENDLESS = ("item-0010", "store-01"), ("item-0010", "store-02"), ("item-0011", "store-04")
TWICE = "item-0012"


@dataclass(frozen=True)
class Said:
    """What a command said."""

    code: int
    out: str
    err: str


def typed(settings: Settings, *arguments: str) -> Said:
    """Run a command as if typed."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setenv("EQUIPOISE_HOME", str(settings.home))
        patch.setenv("EQUIPOISE_NETWORK", str(settings.network))
        code = application.run(arguments)
    assert "Traceback" not in err.getvalue()
    return Said(code, out.getvalue(), err.getvalue())


@dataclass(frozen=True)
class Planned:
    """A network and the date of it that was planned."""

    settings: Settings
    plan_date: dt.date
    said: Said

    def table(self, frame: Frame) -> Rows:
        return Published(self.settings.network_home().published).read(frame, self.plan_date)

    def of(self, frame: Frame, pair: tuple[str, str]) -> Rows:
        """Return the rows of an item at a site."""
        rows = self.table(frame)
        return rows[(rows["item_id"] == pair[0]) & (rows["site_id"] == pair[1])]

    def actions(self, rule: str, feed: str, site: str = "", item: str = "") -> list[str]:
        verdicts = self.table(VERDICTS)
        place = verdicts[["rule", "feed", "site_id", "item_id"]] == [rule, feed, site, item]
        return list(verdicts.loc[place.all(axis=1), "action"])

    def refused(self, feed: str, **sent: str) -> str:
        """Return the one reason for which the row sent with these values is in quarantine."""
        rows = self.table(QUARANTINE)
        rows = rows[rows["feed"] == feed]
        [reason] = [
            reason
            for reason, payload in zip(rows["reason"], rows["payload"], strict=True)
            if sent.items() <= json.loads(payload).items()
        ]
        assert "\n" not in reason
        return reason

    def decision(self, pair: tuple[str, str]) -> str:
        [found] = self.of(DECISIONS, pair)["decision"]
        return str(found)


def landing_of(settings: Settings) -> LandingArea:
    home = settings.network_home()
    return LandingArea(home.landing, home.profile.clock)


def land(landing: LandingArea, batch: FeedBatch, data: Rows | None = None) -> None:
    available = batch_available_at(batch.table, batch.business_date, PARAMETERS.timezone)
    landing.land_frame(
        batch.table, batch.data if data is None else data, batch.business_date,
        available_at=available, row_availability=batch.row_availability,
    )  # fmt: skip


def plan(settings: Settings, plan_date: dt.date) -> Said:
    return typed(settings, "plan", "--date", plan_date.isoformat(), "--json")


@dataclass(frozen=True)
class Once:
    """Makes a network once for all workers of a test session; the first to come makes it."""

    folder: Path

    def __call__(self, name: str, make: Callable[[Settings], list[Said]]) -> tuple[Settings, list[Said]]:
        folder = self.folder / f"bad_{name}"
        folder.mkdir(exist_ok=True)
        settings, said = Settings(home=folder / "home", network="sample"), folder / "said.json"
        with (folder / "made.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not said.exists():
                demo_profile(PARAMETERS).write(settings.network_home().root)
                said.write_text(json.dumps([asdict(one) for one in make(settings)]))
        return settings, [Said(**one) for one in json.loads(said.read_text())]


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Once:
    base = tmp_path_factory.getbasetemp()
    return Once(base if worker_id == "master" else base.parent)


# ---- Faulty rows --------------------------------------------------------------------------------


def at(rows: Rows, pair: tuple[str, str]) -> pd.Series:
    return (rows["item_id"] == pair[0]) & (rows["site_id"] == pair[1])


def with_value(rows: Rows, pair: tuple[str, str], column: str, value: object) -> Rows:
    """Return rows in which one value of an item at a site was replaced."""
    values = rows[column].astype(object)
    values[np.flatnonzero(at(rows, pair))[0]] = value
    return rows.assign(**{column: values})


def with_copy(rows: Rows, row: int = 0, **changes: object) -> Rows:
    """Return rows and one more, which is a copy of one of them but for ``changes``."""
    return pd.concat([rows, rows.iloc[[row]].assign(**changes)], ignore_index=True)


def with_values(*changes: tuple[tuple[str, str], str, object]) -> Edit:
    def edit(rows: Rows) -> Rows:
        for change in changes:
            rows = with_value(rows, *change)
        return rows

    return edit


def with_strangers(rows: Rows) -> Rows:
    return with_copy(with_copy(rows, item_id="item-unknown"), site_id="site-unknown")


def lanes_in_circles(lanes: Rows) -> Rows:
    for origin, destination in (("rw-1", "rw-2"), ("rw-2", "dc-1"), ("dc-1", "nowhere"), ("nowhere", "store-01")):
        lanes = with_copy(lanes, origin_id=origin, destination_id=destination)
    return with_copy(lanes, origin_id="rw-2", destination_id="rw-1", cost_per_kg=float("inf"))


_LAST_DAY: dict[str, tuple[Edit, ...]] = {
    "demand_sales": (
        with_strangers,
        with_values(
            (NAN_SOLD, "sold_units", "nan"),
            (INFINITE_SHARE, "in_stock_share", float("inf")),
            (OVER_SOLD, "sold_units", OVER),
            (TOO_EARLY, "sales_date", dt.date(1900, 1, 1)),
            (TOO_LATE, "sales_date", END + ONE_DAY),
        ),
    ),
    "wms_inventory": (
        with_strangers,
        with_values(
            (NAN_COUNT, "on_hand_units", float("nan")),
            (OVER_COUNT, "on_hand_units", OVER),
            (ENDLESS, "expiry_date", dt.date(9999, 12, 31)),
        ),
    ),
    "erp_items": (
        lambda items: with_copy(items, list(items["item_id"]).index(TWICE), description="Another", unit_cost=77.0),
    ),
    "erp_item_site_settings": (with_values((INFINITE_RATE, "holding_rate_per_year", float("inf"))),),
    "tms_lanes": (lanes_in_circles,),
}


def short_histories(sales: Rows) -> Rows:
    """Return sales as if one item had none, one a single bucket and one nothing but zeros."""
    last = pd.to_datetime(sales["sales_date"]).dt.date == END
    zeros = at(sales, ONLY_ZEROS)
    sales = sales.assign(
        sold_units=sales["sold_units"].mask(zeros, 0).mask(at(sales, SOLD_ONCE), 3),
        in_stock_share=sales["in_stock_share"].mask(zeros | at(sales, SOLD_ONCE), 1.0),
    )
    gone = at(sales, NEVER_SOLD) | at(sales, NOT_SOLD_HERE) | (at(sales, SOLD_ONCE) & ~last)
    return sales[~gone].reset_index(drop=True)


def spoilt(batch: FeedBatch) -> Rows:
    rows = short_histories(batch.data) if batch.table.name == "demand_sales" else batch.data
    if batch.business_date == END and batch.row_availability == "batch":
        for edit in _LAST_DAY.get(batch.table.name, ()):
            rows = edit(rows)
    return rows


def plan_faulty_rows(settings: Settings) -> list[Said]:
    for batch in feeds(World(PARAMETERS), START, END):
        land(landing_of(settings), batch, spoilt(batch))
    return [plan(settings, END + ONE_DAY)]


@pytest.fixture(scope="module")
def rows_planned(once: Once) -> Planned:
    settings, [said] = once("rows", plan_faulty_rows)
    return Planned(settings, END + ONE_DAY, said)


def test_a_network_full_of_faulty_rows_is_planned(rows_planned: Planned) -> None:
    assert (rows_planned.said.code, rows_planned.said.err) == (0, "")
    assert {"transfer", "purchase"} <= set(rows_planned.table(DOCUMENTS)["kind"])
    ranged, decided = rows_planned.table(DIM_ITEM_SITE), rows_planned.table(DECISIONS)
    pairs = [set(zip(rows["item_id"], rows["site_id"], strict=True)) for rows in (ranged, decided)]
    assert pairs[0] <= pairs[1]
    held = decided[decided["decision"] == "held"]
    assert set(held["item_id"]) == {TWICE, NAN_COUNT[0], OVER_COUNT[0], ENDLESS[0]}


def test_forecasts_and_targets_of_a_network_full_of_faulty_rows_are_finite(rows_planned: Planned) -> None:
    for frame in (DEMAND_FORECAST, TARGETS, FEAT_ITEM_SITE):
        numbers = rows_planned.table(frame).select_dtypes("number")
        may_be_null = [column.name for column in frame.columns if column.nullable and column.name in numbers]
        assert np.isfinite(numbers.drop(columns=may_be_null).to_numpy(float)).all(), frame.name
        assert not np.isinf(numbers[may_be_null].to_numpy(float, na_value=np.nan)).any(), frame.name
    quantiles = rows_planned.table(DEMAND_FORECAST)[list(QUANTILE_COLUMNS)].to_numpy()
    assert (np.diff(quantiles, axis=1) >= 0).all()


def test_every_row_sent_is_accepted_or_in_quarantine(rows_planned: Planned) -> None:
    batches = rows_planned.table(FEED_BATCHES)
    assert (batches["row_count"] == batches["accepted_rows"] + batches["quarantined_rows"]).all()
    assert set(batches["status"]) == {"accepted"}
    refused = rows_planned.table(QUARANTINE)[["batch_id", "row_number"]].drop_duplicates()
    assert batches["quarantined_rows"].sum() == len(refused)


def test_a_lane_to_nowhere_is_told_and_not_used(rows_planned: Planned) -> None:
    assert rows_planned.actions("lane_to_nowhere", "tms_lanes") == ["warn"]
    for frame in (DIM_LANE, PLAN_LINES):
        assert "nowhere" not in set(rows_planned.table(frame)[["origin_id", "destination_id"]].to_numpy().ravel())


def test_a_cycle_of_lanes_is_planned_and_no_item_goes_in_circles(rows_planned: Planned) -> None:
    lanes, lines = rows_planned.table(DIM_LANE), rows_planned.table(PLAN_LINES)
    assert ["dc-1", "rw-1", "rw-2"] in lane_cycles(zip(lanes["origin_id"], lanes["destination_id"], strict=True))
    echelons = rows_planned.table(DIM_SITE).set_index("site_id")["echelon"]
    assert echelons[["dc-1", "rw-1", "rw-2", "store-01"]].tolist() == [2, 1, 1, 0]
    for item, moved in lines.groupby("item_id"):
        assert lane_cycles(zip(moved["origin_id"], moved["destination_id"], strict=True)) == [], item


def test_an_unknown_item_and_an_unknown_site_are_told_kept_and_not_planned(rows_planned: Planned) -> None:
    decisions = rows_planned.table(DECISIONS)
    assert not {"item-unknown"} & set(decisions["item_id"])
    assert not {"site-unknown"} & set(decisions["site_id"])
    with Warehouse(rows_planned.settings.network_home().warehouse).connect() as connection:
        for feed in ("demand_sales", "wms_inventory"):
            assert rows_planned.actions("unknown_reference", feed) == ["warn"]
            kept = f"select count(*) from raw.{feed} where item_id = 'item-unknown' or site_id = 'site-unknown'"
            assert connection.execute(kept).fetchone() == (2,)


def history(rows_planned: Planned, pair: tuple[str, str]) -> list[int]:
    return list(rows_planned.of(FCT_DEMAND, pair)["sold_units"])


@pytest.mark.parametrize(
    ("pair", "buckets"),
    [(NEVER_SOLD, 0), (NOT_SOLD_HERE, 0), (SOLD_ONCE, 1), (ONLY_ZEROS, PARAMETERS.history_days)],
    ids=["none at all", "none at this site", "one bucket", "only zeros"],
)
def test_an_item_with_a_strange_history_is_forecast_and_planned(
    rows_planned: Planned, pair: tuple[str, str], buckets: int
) -> None:
    assert len(history(rows_planned, pair)) == buckets
    forecast = rows_planned.of(DEMAND_FORECAST, pair)
    assert len(forecast) == rows_planned.settings.network_home().profile.horizon_buckets
    assert (forecast["mean_units"] >= 0).all()
    assert forecast["mean_units"].max() < 20
    assert len(rows_planned.of(TARGETS, pair)) == 1
    assert rows_planned.decision(pair) != "held"


@pytest.mark.parametrize(
    ("pair", "feed", "reason"),
    [
        (NAN_SOLD, "demand_sales", "sold_units = nan is not a finite whole number"),
        (INFINITE_SHARE, "demand_sales", "in_stock_share = inf is not a finite number"),
        (INFINITE_RATE, "erp_item_site_settings", "holding_rate_per_year = inf is not a finite number"),
        (NAN_COUNT, "wms_inventory", "on_hand_units is missing"),
        (OVER_SOLD, "demand_sales", f"sold_units = {OVER} is above {OVER - 1}"),
        (OVER_COUNT, "wms_inventory", f"on_hand_units = {OVER} is above {OVER - 1}"),
        (TOO_EARLY, "demand_sales", "sales_date = 1900-01-01 is before 1990-01-01"),
        (TOO_LATE, "demand_sales", f"sales_date = {END + ONE_DAY} is after the business date {END}"),
        (ENDLESS, "wms_inventory", f"expiry_date = 9999-12-31 is more than 3 years after the business date {END}"),
    ],
)
def test_nan_infinite_oversized_and_misdated_rows_are_in_quarantine_with_their_reason(
    rows_planned: Planned, pair: tuple[str, str], feed: str, reason: str
) -> None:
    assert rows_planned.refused(feed, item_id=pair[0], site_id=pair[1]) == reason


def test_an_infinite_cost_of_a_lane_takes_only_that_lane(rows_planned: Planned) -> None:
    assert rows_planned.refused("tms_lanes", origin_id="rw-2", destination_id="rw-1").startswith("cost_per_kg = inf")
    lanes = rows_planned.table(DIM_LANE)
    assert {("rw-1", "rw-2"), ("rw-2", "dc-1")} <= set(zip(lanes["origin_id"], lanes["destination_id"], strict=True))


@pytest.mark.parametrize("pair", [NAN_COUNT, OVER_COUNT, ENDLESS])
def test_an_item_whose_count_cannot_be_used_is_held_at_that_site_alone(
    rows_planned: Planned, pair: tuple[str, str]
) -> None:
    assert rows_planned.actions("count_refused", "wms_inventory", pair[1], pair[0]) == ["hold"]
    decisions = rows_planned.table(DECISIONS)
    elsewhere = decisions[(decisions["item_id"] == pair[0]) & (decisions["site_id"] != pair[1])]
    assert rows_planned.decision(pair) == "held"
    assert "held" not in set(elsewhere["decision"])


def test_two_items_with_one_id_hold_that_item_and_not_the_network(rows_planned: Planned) -> None:
    reason = rows_planned.refused("erp_items", item_id=TWICE)
    assert reason == f"item_id = {TWICE} stands 2 times; row 12 was taken, which differs"
    assert rows_planned.actions("item_ambiguous", "erp_items", "", TWICE) == ["hold"]
    assert "Another" not in set(rows_planned.table(DIM_ITEM)["description"])
    decisions = rows_planned.table(DECISIONS)
    assert set(decisions.loc[decisions["item_id"] == TWICE, "decision"]) == {"held"}
    assert TWICE not in set(rows_planned.table(PLAN_LINES)["item_id"])


def test_faulty_rows_are_an_alert_per_rule_and_feed_not_per_row(rows_planned: Planned) -> None:
    alerts = rows_planned.table(ALERTS)
    assert not alerts.duplicated(["rule", "feed", "site_id"]).any()
    assert "stop" not in set(alerts["action"])


# ---- Faulty files -------------------------------------------------------------------------------

PAST_PLAN = END - ONE_DAY
SPOILT_DAY = PAST_PLAN - ONE_DAY
COUNT_BEFORE = SPOILT_DAY - ONE_DAY


def write_faulty_files(folder: Path, sent: dict[str, Rows]) -> None:
    """Write the tables of the spoilt day as a sender in trouble would."""
    folder.mkdir()

    def path(feed: str, suffix: str = "csv") -> Path:
        return folder / f"{feed}_{SPOILT_DAY}.{suffix}"

    path("erp_suppliers").write_bytes(b"")
    sent["erp_sourcing"].to_parquet(path("erp_sourcing", "parquet"))
    path("erp_sourcing", "parquet").write_bytes(path("erp_sourcing", "parquet").read_bytes()[:900])
    latin = sent["erp_items"].assign(description="café").to_csv(index=False)
    path("erp_items").write_bytes(latin.encode("latin-1"))
    sent["erp_item_site_settings"].drop(columns="review_days").to_csv(path("erp_item_site_settings"), index=False)
    sent["tms_lanes"].rename(columns={"mode": "vehicle"}).to_csv(path("tms_lanes"), index=False)
    moved = sent["wms_stock_movements"].assign(moved_units="a dozen")
    moved.to_csv(path("wms_stock_movements"), index=False)
    sent["unchanged"].to_csv(path("wms_inventory"), index=False)
    # One file of all sales, undated, brought in today.
    sent["demand_sales"].to_parquet(folder / "demand_sales.parquet")


@dataclass(frozen=True)
class FilesPlanned:
    """A past date, planned after faulty files and a whole history had landed."""

    landed: Said
    planned: Planned


def plan_faulty_files(settings: Settings) -> list[Said]:
    folder = settings.home.parent / "sent"
    sent: dict[str, Rows] = {}
    sales: list[Rows] = []
    filed = {"erp_suppliers", "erp_sourcing", "erp_items", "erp_item_site_settings", "tms_lanes", "wms_inventory"}
    for batch in feeds(World(PARAMETERS), START, END):
        if batch.table.name == "demand_sales":
            sales.append(batch.data)
        elif batch.business_date == SPOILT_DAY and batch.table.name in {*filed, "wms_stock_movements"}:
            sent[batch.table.name] = batch.data
        else:
            land(landing_of(settings), batch)
        if batch.table.name == "wms_inventory" and batch.business_date == COUNT_BEFORE:
            sent["unchanged"] = batch.data
    sent["demand_sales"] = pd.concat(sales, ignore_index=True)
    write_faulty_files(folder, sent)
    return [typed(settings, "land", str(folder)), plan(settings, PAST_PLAN)]


@pytest.fixture(scope="module")
def files_planned(once: Once) -> FilesPlanned:
    settings, [landed, said] = once("files", plan_faulty_files)
    return FilesPlanned(landed, Planned(settings, PAST_PLAN, said))


def test_files_that_cannot_be_read_are_one_line_each_and_the_others_land(files_planned: FilesPlanned) -> None:
    landed = files_planned.landed
    assert landed.code == 1
    told = {Path(line.split(": ")[0]).name.split(f"_{SPOILT_DAY}")[0]: line for line in landed.err.splitlines()}
    assert set(told) == {"erp_suppliers", "erp_sourcing", "erp_items"}
    assert "the file is empty" in told["erp_suppliers"]
    assert "truncated" in told["erp_sourcing"]
    assert "not UTF-8" in told["erp_items"]
    assert "8 new batches" in landed.out


def test_a_network_with_faulty_files_is_planned_from_the_last_good_ones(files_planned: FilesPlanned) -> None:
    plan = files_planned.planned
    assert (plan.said.code, plan.said.err) == (0, "")
    assert len(plan.table(DOCUMENTS)) > 0
    assert set(plan.table(DIM_ITEM)["item_id"]) == {f"item-{n:04d}" for n in range(1, 21)}
    assert len(plan.table(DIM_LANE)) == 10


@pytest.mark.parametrize(
    ("feed", "reason"),
    [
        ("erp_suppliers", "the file is empty"),
        ("erp_sourcing", "truncated"),
        ("erp_items", "not UTF-8"),
        ("erp_item_site_settings", "schema drift: missing columns review_days"),
        ("tms_lanes", "missing columns mode; unexpected columns vehicle"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_rejected_batch_with_a_reason_and_a_warning(
    files_planned: FilesPlanned, feed: str, reason: str
) -> None:
    batches = files_planned.planned.table(FEED_BATCHES)
    [told] = batches.loc[(batches["feed"] == feed) & (batches["status"] == "rejected"), "reason"]
    assert reason in told
    assert "\n" not in told
    assert files_planned.planned.actions("batch_rejected", feed) == ["warn"]


def test_a_retyped_column_refuses_its_rows_and_says_so_once(files_planned: FilesPlanned) -> None:
    rows = files_planned.planned.table(QUARANTINE)
    moved = rows[rows["feed"] == "wms_stock_movements"]
    assert set(moved["reason"]) == {"moved_units = a dozen is not a finite whole number"}
    assert files_planned.planned.actions("rows_refused", "wms_stock_movements") == ["warn"]


def test_a_stock_file_unchanged_since_the_day_before_is_not_stale(files_planned: FilesPlanned) -> None:
    verdicts = files_planned.planned.table(VERDICTS)
    stock = verdicts[verdicts["feed"] == "wms_inventory"]
    assert not {"feed_stale", "site_stale", "batch_repeated", "count_rejected"} & set(stock["rule"])
    assert "hold_outbound" not in set(stock.loc[stock["rule"] != "phantom_stock", "action"])


def test_a_history_imported_today_is_known_by_its_rows_when_a_past_date_is_planned(
    files_planned: FilesPlanned,
) -> None:
    plan = files_planned.planned
    assert json.loads(plan.said.out)["channel"] == "backfill"
    latest = pd.to_datetime(plan.table(FCT_DEMAND)["bucket_start"]).dt.date.max()
    assert latest == SPOILT_DAY
    assert not {"feed_stale", "site_sales_stale"} & set(
        plan.table(VERDICTS).loc[lambda v: v["feed"] == "demand_sales", "rule"]
    )
    assert (plan.table(FEAT_ITEM_SITE)["history_buckets"] > 0).any()


# ---- Nothing to plan from -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def early(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return a network whose profile promises plan dates before its first batch."""
    settings = Settings(home=tmp_path_factory.mktemp("early"), network="early")
    day = dt.date(2024, 4, 2)
    NetworkProfile(
        name="early", bucket=Bucket.DAY, first_plan_date=day - 30 * ONE_DAY, declared_date=day + ONE_DAY
    ).write(settings.network_home().root)
    for name in ("erp.items", "erp.sites", "wms.inventory", "demand.sales"):
        table = feed_table(*name.split("."))
        landing_of(settings).land_frame(table, rows_of(table), day, available_at=batch_available_at(table, day, "UTC"))
    return settings


def test_a_plan_date_before_the_first_batch_stops_with_one_line(early: Settings) -> None:
    date = dt.date(2024, 3, 20)
    said = typed(early, "plan", "--date", date.isoformat(), "--json")
    assert said.code == 1
    assert said.err.count("\n") == 1
    assert "before the first batch" in said.err
    assert f"equipoise verdicts --date {date}" in said.err
    verdicts = Published(early.network_home().published).read(VERDICTS, date)
    assert verdicts.loc[verdicts["action"] == "stop", "rule"].tolist() == ["before_first_batch"]
    with duckdb.connect(str(early.network_home().warehouse), read_only=True) as connection:
        assert connection.execute("select count(*) from raw.erp_items").fetchone() == (3,)


def test_a_plan_date_before_the_first_plan_date_is_one_line(early: Settings) -> None:
    said = typed(early, "plan", "--date", "2001-01-01")
    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)
    assert "Plan a date from 2024-03-03" in said.err
