"""The frame of key figures. Not here: what each means, which ``assets.monitoring.kpis`` defines once."""

from __future__ import annotations

from assets.kernel.frames.schema import Frame, date, integer, real, text

KPI_WINDOWS = (7, 28, 91)
"""Days that key figures look back, from the day before the plan date."""
NETWORK, SITE, ECHELON, SEGMENT, RELEASE = "network", "site", "echelon", "segment", "release"
KPI_DIMENSIONS = (NETWORK, SITE, ECHELON, SEGMENT, RELEASE)
"""What key figures are told by. Each adds up to the network."""
ALL_MEMBERS = "all"
"""Member of the dimension ``network``."""

KPIS = Frame(
    "kpis",
    "One row per plan date, key figure, window, dimension and member.",
    (
        date("plan_date", "Plan that looked back."),
        text("kpi", "Key figure, as `assets/monitoring/README.md` defines it."),
        integer("window_days", "Days looked back, up to the day before the plan date.", unit="days", minimum=1),
        text("dimension", "network, site, echelon, segment (of demand) or release (of policy)."),
        text("member", "Which of these; `all` for the network."),
        real("value", "Numerator over denominator; null where nothing was counted.", nullable=True),
        real("numerator", "Sum that adds up over the members of a dimension."),
        real("denominator", "Sum that adds up likewise; null for a total, whose value is its sum.", nullable=True),
        text("unit", "Unit of the value: share, days, units, currency ..."),
        real("previous_value", "Value of the window of as many days before; null likewise.", nullable=True),
    ),
    ("plan_date", "kpi", "window_days", "dimension", "member"),
)
