"""Frames of monitoring: what was promised beside what came."""

from __future__ import annotations

from assets.kernel.frames.schema import Frame, date, flag, integer, money, real, text

PIT_BINS = 10
"""Equal bins of the histogram of probability integral transforms."""


def pit_column(place: int) -> str:
    """Return the column of a bin of the histogram, counted from 0.

    >>> pit_column(0), pit_column(9)
    ('pit_share_01', 'pit_share_10')
    """
    return f"pit_share_{place + 1:02d}"


PIT_COLUMNS: tuple[str, ...] = tuple(pit_column(place) for place in range(PIT_BINS))

ALL_SEGMENTS = "all"
"""Name of the row of the whole network in tables by segment."""

FORECAST_DRIFT = Frame(
    "forecast_drift",
    "One row per plan date, demand segment (`all` for the network) and horizon: forecasts of earlier plan dates "
    "beside the demand that is known by now.",
    (
        date("plan_date", "Plan that looked back."),
        text("demand_segment", "Segment that the forecasts were made for; `all` for the network."),
        integer("horizon_buckets", "Buckets from the forecast's plan date to the end of the window.", minimum=1),
        date("first_origin", "First plan date whose forecast is compared; null without any.", nullable=True),
        date("last_origin", "Last of them; null without any.", nullable=True),
        integer("origin_count", "Plan dates compared; their windows do not overlap.", minimum=0),
        integer("window_count", "Windows compared: item, site and plan date.", minimum=0),
        integer("lower_bound_count", "Of these, windows of which only a lower bound is known.", minimum=0),
        real("forecast_units", "Sum of forecast means.", unit="base units"),
        real(
            "demand_units",
            "Sum of demand; a censored bucket counts what was to be expected given its lower bound.",
            unit="base units",
        ),
        real("bias", "Sum of errors (forecast less demand) over sum of demand; null without demand.", nullable=True),
        real(
            "wape",
            "Sum of absolute errors over sum of demand, fully known windows only; null without demand.",
            nullable=True,
        ),
        real(
            "tracking_signal",
            "Sum of the plan dates' errors (forecast less demand) over their mean absolute error (Brown 1959); null "
            "without an error.",
            nullable=True,
        ),
        real("coverage_80", "Share of fully known windows inside the 10 % to 90 % band.", nullable=True),
        real("pit_coverage_80", "Share of randomised transforms of all windows between 0.1 and 0.9.", nullable=True),
        real(
            "pinball_loss",
            "Pinball loss at each item-site's decision level over mean demand, known windows.",
            nullable=True,
        ),
        real(
            "backtest_pinball_loss",
            "The champion's loss in its backtest, over horizons of all lengths; null without a backtest.",
            nullable=True,
        ),
        *(
            real(name, f"Share of transforms from {place / PIT_BINS:.1f} to {(place + 1) / PIT_BINS:.1f}.", minimum=0)
            for place, name in enumerate(PIT_COLUMNS)
        ),
        date(
            "charted_from",
            "First plan date on the charts: of the selection in force, and later than the last request.",
            nullable=True,
        ),
        integer("charted_origin_count", "Plan dates on the charts.", minimum=0),
        real("level_signal", "Chart of the level now; positive: forecasts too high. Null: not judged.", nullable=True),
        real(
            "coverage_signal", "Chart of the coverage now; positive: bands too wide. Null: not judged.", nullable=True
        ),
        flag("recalibration_requested", "Whether a chart crossed its limit at this plan date."),
        text("reason", "Why, or why not, in words."),
    ),
    ("plan_date", "demand_segment", "horizon_buckets"),
)

PROCESS_DRIFT = Frame(
    "process_drift",
    "One row per plan date and watched signal: whether its level has shifted against its own past.",
    (
        date("plan_date", "Plan that looked back."),
        text("signal", "demand, lead_time or feed."),
        text("member", "Segment (`all` for the network), kind and source of receipts, or feed."),
        text("unit", "Of the shift: share, or days."),
        integer("reference_points", "Points that the latest are held against.", minimum=0),
        date("last_point", "Day of the latest point; null without any.", nullable=True),
        real("score", "Standard normal score of the shift, signed; null where it is not judged.", nullable=True),
        real("score_limit", "At which a signal has drifted: 5 % that never shift get there in a span of points."),
        integer("window_points", "Latest points that tell it best; 0 where it is not judged.", minimum=0),
        date("began_on", "Day of the first of them.", nullable=True),
        real("shift", "Mean of them less that of the reference, in the unit.", nullable=True),
        real("mean_since", "Lead times: mean of them, in days late against the quote.", nullable=True),
        real("mean_assumed", "Lead times: what the plan assumes of them, in days against the quote.", nullable=True),
        flag("has_drifted", "Whether the score is beyond the limit."),
        date("first_told", "Plan date that first told of this shift; null where nothing has shifted.", nullable=True),
        text("reason", "Why, or why not, in words."),
    ),
    ("plan_date", "signal", "member"),
)

REGRET = Frame(
    "regret",
    "One row per order line and decision about it (by the rules, or by one person) whose outcome became known between "
    "the plan date before and this one.",
    (
        date("plan_date", "Plan that looked back."),
        text("order_id", "Order document."),
        integer("line_number", "Line of the order.", minimum=1),
        integer("event_version", "Event of the order that is the decision; it names who decided.", minimum=1),
        text("decision", "automatic, approval, override or rejection."),
        text("reason", "Word of the closed lists for overrides and rejections; empty for others."),
        text("policy_release", "Release that decided the line."),
        date("decided_for", "Plan date of the order."),
        text("kind", "transfer, purchase or expedite."),
        text("item_id", "Item."),
        text("origin_id", "Supplier or site that sends."),
        text("destination_id", "Site that receives."),
        real("decided_units", "Units that the decision led to, as far as they came.", unit="base units"),
        real("alternative_units", "Units that stood against it: none, or what the plan had wanted.", unit="base units"),
        flag("arrival_is_told", "Whether the other side told what arrived; else what it promised counts."),
        date("window_start", "First day on which the units could sell at the destination."),
        date("window_end", "First day after its protection interval on which stock was counted."),
        real("demand_low_units", "Demand at the destination and what it serves: sales.", unit="base units"),
        real("demand_high_units", "As much as stock-outs may have hidden, added.", unit="base units"),
        real("supply_units", "What there was to sell there: sales and what was left.", unit="base units"),
        money("shortage_low_amount", "Lost sales spared against the alternative, at the end of least value."),
        money("shortage_high_amount", "The same at the end of most value."),
        money("holding_low_amount", "Holding spared, on site and under way, at the end of least value."),
        money("holding_high_amount", "The same at the end of most value."),
        money("freight_amount", "Freight beyond the alternative's."),
        money("price_amount", "Purchase price beyond the least at which the units could be bought."),
        money("value_low_amount", "What the decision was worth against the alternative, at least."),
        money("value_high_amount", "What it was worth at most."),
        money("regret_low_amount", "What the alternative would have spared, at least; 0 where the decision was right."),
        money("regret_high_amount", "What it would have spared at most."),
        text("hindsight", "borne_out: worth no less at either bound; refuted: worth less at both; open: between."),
    ),
    ("plan_date", "order_id", "line_number", "event_version"),
)
