"""Frames of forecasting: lead times, demand ahead, and how good both are."""

from __future__ import annotations

from assets.kernel.frames.schema import Column, Frame, date, flag, integer, real, text

QUANTILE_LEVELS: tuple[float, ...] = (
    0.01,
    0.05,
    0.10,
    0.20,
    0.30,
    0.40,
    0.50,
    0.60,
    0.70,
    0.80,
    0.90,
    0.95,
    0.99,
)
"""Levels of every published predictive distribution."""


def quantile_column(level: float) -> str:
    """Return the column of a quantile of cumulative demand.

    >>> quantile_column(0.05)
    'cumulative_q05_units'
    """
    return f"cumulative_q{round(level * 100):02d}_units"


QUANTILE_COLUMNS: tuple[str, ...] = tuple(quantile_column(level) for level in QUANTILE_LEVELS)

_PLAN_DATE = date("plan_date", "Plan the row belongs to.")
_ITEM = text("item_id", "Item.")
_SITE = text("site_id", "Site.")


def _real_units(name: str, description: str, *, nullable: bool = False) -> Column:
    return real(name, description, unit="base units", nullable=nullable)


LEAD_TIME = Frame(
    "lead_time",
    "One row per plan date, kind, source, site, mode and possible lead time: a discrete distribution.",
    (
        _PLAN_DATE,
        text("receipt_kind", "purchase or transfer."),
        text("source_id", "Supplier or origin site."),
        _SITE,
        text("mode", "Mode of transport; `supplier` for purchases."),
        integer("lead_time_days", "Start to receipt.", unit="days", minimum=0),
        real("probability", "Probability of that lead time; a group adds up to 1.", minimum=0, maximum=1),
    ),
    ("plan_date", "receipt_kind", "source_id", "site_id", "mode", "lead_time_days"),
)
DEMAND_FORECAST = Frame(
    "demand_forecast",
    "One row per plan date, item, site and bucket ahead. Quantiles are of demand accumulated from the plan "
    "date to the end of the bucket; do not add them up across items or sites.",
    (
        _PLAN_DATE,
        _ITEM,
        _SITE,
        integer("bucket_index", "Buckets after the plan date's own, from 0.", minimum=0),
        date("bucket_start", "First day of the bucket."),
        _real_units("mean_units", "Expected demand of the bucket."),
        _real_units("cumulative_mean_units", "Expected demand up to the end of the bucket."),
        _real_units("cumulative_std_units", "Standard deviation of the cumulative demand."),
        real(
            "site_correlation",
            "Correlation of what cumulative demand strays by between the site and the item's others: with it the "
            "variance of their sum is (1 - r) times the sum of variances and r times the square of summed deviations.",
            minimum=0,
            maximum=1,
        ),
        *(
            _real_units(quantile_column(level), f"{level:.0%} quantile of the cumulative demand.")
            for level in QUANTILE_LEVELS
        ),
        real(
            "decision_level",
            "Quantile of demand at which models of the item-site are compared: its critical ratio, within the "
            "published levels.",
            minimum=0,
            maximum=1,
        ),
        text("demand_segment", "Segment the model was chosen for."),
        text(
            "model",
            "What made it: the segment's champion, what stood in for it (HistoricAverage or ShrunkenMean), analogue, "
            "uninformed or ended.",
        ),
        text("model_version", "Digest of data version, candidates and parameters."),
    ),
    ("plan_date", "item_id", "site_id", "bucket_index"),
)
FORECAST_SCORES = Frame(
    "forecast_scores",
    "One row per plan date, segment and candidate, over all origins of the rolling backtest.",
    (
        _PLAN_DATE,
        text("demand_segment", "Segment."),
        text("model", "Candidate."),
        integer("series_count", "Series of the segment.", minimum=0),
        integer("origin_count", "Origins of the backtest.", minimum=0),
        real(
            "pinball_loss",
            "Mean pinball loss of cumulative demand at the decision level of each series, over mean demand; null where "
            "no demand was scored, as without an origin.",
            nullable=True,
        ),
        real("wape", "Sum of absolute errors over sum of demand; null likewise.", nullable=True),
        real("bias", "Sum of errors (forecast less demand) over sum of demand; null likewise.", nullable=True),
        real("mase", "Mean absolute scaled error of a bucket's mean (Hyndman and Koehler 2006).", nullable=True),
        real("rmsse", "Root mean squared scaled error of a bucket's mean, as in M5.", nullable=True),
        real(
            "scaled_pinball",
            "Mean pinball loss of all quantiles of cumulative demand, a bucket, over the naive error, as in M5.",
            nullable=True,
        ),
        real(
            "coverage_80",
            "Share of outcomes of uncensored windows inside the calibrated 10 % to 90 % band.",
            nullable=True,
        ),
        real(
            "pit_coverage_80",
            "Share of randomised probability integral transforms of the same between 0.1 and 0.9.",
            nullable=True,
        ),
        integer("window_count", "Windows scored: series, origin, and buckets up to one of the horizon.", minimum=0),
        integer("uncensored_window_count", "Of these, windows with every bucket known.", minimum=0),
        flag("is_champion", "Whether the segment uses it."),
    ),
    ("plan_date", "demand_segment", "model"),
)
CHAMPIONS = Frame(
    "champions",
    "One row per plan date and demand segment that had a backtest: the model in force and what challenges it.",
    (
        _PLAN_DATE,
        text("demand_segment", "Segment."),
        text("champion", "Model that the segment uses."),
        date("champion_since", "Plan date from which it does."),
        real("mean_factor", "What its means are multiplied with: what its backtest lacked.", minimum=0),
        text("promoted_by", "backtest, or the person who put it there."),
        text("champion_reason", "Why it is the champion."),
        text("challenger", "Candidate of the last test against the champion of then; empty before the first."),
        real("margin", "Share of that champion's decision loss that the challenger saved.", nullable=True),
        real("margin_low", "Lower bound of the margin, one-sided.", nullable=True),
        real("margin_high", "Upper bound of the margin, one-sided.", nullable=True),
        flag("is_promoted", "Whether the challenger took over: then it is the champion now."),
        text("challenger_reason", "Why it took over, or why not."),
        date("selected_for", "Plan date whose data chose the selection."),
        flag("is_refit", "Whether this plan chose and fitted anew; otherwise it updated."),
        text("refit_reason", "Why the selection was made when it was."),
        text("selection_version", "Digest of the selection; its folder in the registry."),
        text("data_version", "Digest of the tables that the selection was chosen on."),
        text("model_version", "What forecasts and orders of the plan name."),
    ),
    ("plan_date", "demand_segment"),
)


def interval_column(level: float) -> str:
    """Return the column of a quantile of demand over an interval.

    >>> interval_column(0.05)
    'q05_units'
    """
    return f"q{round(level * 100):02d}_units"


def residual_column(level: float) -> str:
    """Return the column of a quantile of scaled residuals.

    >>> residual_column(0.05)
    'residual_q05'
    """
    return f"residual_q{round(level * 100):02d}"


INTERVAL_COLUMNS: tuple[str, ...] = tuple(interval_column(level) for level in QUANTILE_LEVELS)
RESIDUAL_COLUMNS: tuple[str, ...] = tuple(residual_column(level) for level in QUANTILE_LEVELS)

INTERVAL_CALIBRATION = Frame(
    "interval_calibration",
    "One row per plan date, segment, level group and number of consecutive buckets: how demand over as many "
    "buckets, whichever they begin with, strays from its mean. Residuals are over the root of the mean plus "
    "0.05 units.",
    (
        _PLAN_DATE,
        text("demand_segment", "Segment; empty for those that no champion was chosen for."),
        integer("level_group", "Group of similar mean demand per bucket, from 0.", minimum=0),
        _real_units("from_level_units", "Least mean demand per bucket of the group."),
        integer("interval_buckets", "Number of consecutive buckets.", minimum=1),
        real("residual_deviation", "Root mean square of the scaled residuals.", minimum=0),
        *(real(residual_column(level), f"{level:.0%} quantile of the scaled residuals.") for level in QUANTILE_LEVELS),
    ),
    ("plan_date", "demand_segment", "level_group", "interval_buckets"),
)
_LEVEL = text("level", "network, category, region, category_region, site or item; item_site for the series.")
HIERARCHY_FORECAST = Frame(
    "hierarchy_forecast",
    "One row per plan date, level of the hierarchy, group and bucket ahead. Means are sums of the item-site "
    "means, so that levels agree; spread is of cumulative demand from the plan date, and does not add up.",
    (
        _PLAN_DATE,
        _LEVEL,
        text("member", "Name of the group; two names joined by ` / ` for a pair, `all` for the network."),
        integer("bucket_index", "Buckets after the plan date's own, from 0.", minimum=0),
        date("bucket_start", "First day of the bucket."),
        integer("series_count", "Item-sites of the group.", minimum=0),
        _real_units("mean_units", "Expected demand of the bucket: the sum over the group's item-sites."),
        _real_units("cumulative_mean_units", "Expected demand up to the end of the bucket."),
        _real_units("base_mean_units", "What a model of the group's own history expects; does not add up."),
        text("base_model", "That model."),
        _real_units(
            "cumulative_std_units",
            "Root mean square error of the cumulative sum in the backtest of the level; null where that has fewer than "
            "50 sums (groups times origins), and above items where not all of them were tested.",
            nullable=True,
        ),
        _real_units("cumulative_q10_units", "10 % quantile of the cumulative demand; null likewise.", nullable=True),
        _real_units("cumulative_q90_units", "90 % quantile of the cumulative demand; null likewise.", nullable=True),
    ),
    ("plan_date", "level", "member", "bucket_index"),
)
COHERENCE = Frame(
    "coherence",
    "One row per plan date, level and reconciliation method, over all origins of a rolling backtest. The decision "
    "loss is at item-site level and stands on every row of a method.",
    (
        _PLAN_DATE,
        _LEVEL,
        text("method", "base (the groups' own models, which do not add up), bottom_up, or how it was reconciled."),
        integer("member_count", "Groups of the level that were tested.", minimum=0),
        integer("origin_count", "Origins of the backtest.", minimum=0),
        text("base_model", "Model of the level's own history; empty for item_site."),
        real(
            "item_site_pinball_loss",
            "Mean pinball loss of cumulative item-site demand at each series' decision level, over mean demand.",
            nullable=True,
        ),
        real("gain", "Share of the loss of bottom_up that the method saves; negative where it loses.", nullable=True),
        real("gain_low", "Lower bound of the gain.", nullable=True),
        integer("better_origin_count", "Origins at which the method loses less than bottom_up.", minimum=0),
        real("wape", "Sum of absolute errors of the level's cumulative demand over its sum.", minimum=0),
        real("bias", "Sum of the same errors (forecast less demand) over the sum of demand."),
        real("incoherence", "How far the level's base forecasts are from the sums of the series', over these."),
        flag("passes_margin", "Whether the backtest shows that the item-site forecast should use the method."),
        flag("is_used", "Whether the published item-site forecast does."),
    ),
    ("plan_date", "level", "method"),
)
FORECAST_EFFECTS = Frame(
    "forecast_effects",
    "One row per plan date, driver and category: what promotions, prices, events and the season of the year do to "
    "demand. Factors of one "
    "bucket multiply; do not add them up.",
    (
        _PLAN_DATE,
        text("driver", "promotion, price, event or season."),
        text("driver_name", "Name of the event; year for the season of the year of daily demand; otherwise empty."),
        text("category", "Product category; (all) for the network, from which categories borrow."),
        real(
            "effect",
            "Factor of a promoted bucket, or of a day of the event; for a season the mean factor of "
            "the buckets ahead, of 1 in a year; for price the elasticity, at most 0.",
        ),
        integer("learned_buckets", "Known buckets of series that it was learned from.", minimum=0),
        integer("ahead_buckets", "Buckets of series ahead for which it is announced.", minimum=0),
        flag("is_used", "Whether it changes what is forecast or how the past is read: learned, and not neutral."),
    ),
    ("plan_date", "driver", "driver_name", "category"),
)
DEMAND_ESTIMATE = Frame(
    "demand_estimate",
    "One row per plan date, item, site and bucket of the last half year of days, or year of weeks, whose demand is "
    "not wholly known or stands out. Every other bucket asked for what was sold.",
    (
        _PLAN_DATE,
        _ITEM,
        _SITE,
        date("bucket_start", "First day of the bucket."),
        integer("sold_units", "What the till says; null where nobody reported.", unit="base units", nullable=True),
        _real_units("lower_bound_units", "Units that were certainly asked for: sales, at least 0."),
        flag("is_censored", "Whether the shelf was empty for a part of it, so that demand may have exceeded sales."),
        _real_units("estimated_units", "Expected demand, given what is known of the bucket and of those before it."),
        _real_units("estimated_std_units", "Standard deviation of demand around it; 0 where demand is known."),
        _real_units("lost_units", "Estimated demand less sales of a censored bucket; 0 in others."),
        _real_units("heeded_units", "What models of single series are shown: the estimate, spikes cut."),
        text("anomaly", "spike, dip, level_up or level_down; empty where nothing stands out."),
    ),
    ("plan_date", "item_id", "site_id", "bucket_start"),
)
DEMAND_ANOMALIES = Frame(
    "demand_anomalies",
    "One row per plan date, item, site, bucket and kind: what season, promotions and events do not explain of the "
    "last half year of days, or year of weeks.",
    (
        _PLAN_DATE,
        _ITEM,
        _SITE,
        date("bucket_start", "First day of the bucket; of a shift the first at the new level."),
        text("kind", "spike, dip, level_up or level_down."),
        _real_units("found_units", "Demand of the bucket; of a shift the mean per bucket after it."),
        _real_units("usual_units", "What was to be expected of it; of a shift the mean per bucket before it."),
        _real_units("size_units", "Found less usual."),
        real("evidence_deviations", "How far that is, in standard deviations of the usual; signed."),
        flag("is_cut", "Whether models of single series are shown less of it: spikes. Shifts they follow."),
    ),
    ("plan_date", "item_id", "site_id", "bucket_start", "kind"),
)
