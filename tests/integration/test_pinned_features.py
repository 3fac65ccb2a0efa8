"""A pinned feature set: what it changes from the features to the plan, and where an order names it."""

import pytest
from networks import copied

from assets.features.registry import FeatureRegistry
from assets.kernel.frames import Frame
from assets.kernel.frames.decisions import DECISIONS, DOCUMENTS, PLAN_LINES, TARGETS
from assets.kernel.frames.forecasts import DEMAND_FORECAST, LEAD_TIME
from assets.kernel.frames.marts import FEAT_ITEM_SITE
from assets.kernel.published import Published
from orchestration.planning import plan_day
from orchestration.settings import Settings

DECIDED = ["kind", "origin_id", "destination_id", "item_id", "quantity_units"]

# A second network planned for one claim: not in the default run.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pinned(planned_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return the network planned again with the more responsive set."""
    settings = copied(planned_settings, tmp_path_factory.mktemp("pinned"))
    FeatureRegistry(settings.network_home().root).pin("responsive")
    run = plan_day(settings)
    assert run.success, f"{run.failed_step}: {run.error}"
    return settings


def content(settings: Settings, frame: Frame, columns: list[str]) -> list[tuple[object, ...]]:
    home = settings.network_home()
    rows = Published(home.published).read(frame, home.profile.clock.today())
    return sorted(rows[columns].itertuples(index=False, name=None))


def test_a_pinned_feature_set_changes_the_plan(planned_settings: Settings, pinned: Settings) -> None:
    assert content(pinned, PLAN_LINES, DECIDED) != content(planned_settings, PLAN_LINES, DECIDED)


@pytest.mark.parametrize(
    ("frame", "columns"),
    [
        (FEAT_ITEM_SITE, ["item_id", "site_id", "demand_segment"]),
        (DEMAND_FORECAST, ["item_id", "site_id", "bucket_index", "cumulative_mean_units"]),
        (LEAD_TIME, ["receipt_kind", "source_id", "site_id", "mode", "lead_time_days", "probability"]),
        (TARGETS, ["item_id", "site_id", "base_stock_units"]),
        (DECISIONS, ["item_id", "site_id", "marginal_value"]),
    ],
    ids=lambda value: value.name if isinstance(value, Frame) else "",
)
def test_a_pinned_feature_set_reaches_every_step_on_the_way_to_the_plan(
    planned_settings: Settings, pinned: Settings, frame: Frame, columns: list[str]
) -> None:
    assert content(pinned, frame, columns) != content(planned_settings, frame, columns)


def test_orders_name_the_feature_set_that_they_were_made_with(planned_settings: Settings, pinned: Settings) -> None:
    versions = [{str(v) for (v,) in content(s, DOCUMENTS, ["feature_version"])} for s in (planned_settings, pinned)]
    assert [{version.split("@")[0] for version in found} for found in versions] == [{"standard"}, {"responsive"}]
