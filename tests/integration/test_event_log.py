"""Dagster's event log while a run is recorded."""

from pathlib import Path

import dagster as dg

from assets.kernel.defs import event_log_kept_open


def test_an_event_log_kept_open_is_written_back_once_and_not_at_every_event(tmp_path: Path) -> None:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        written_ahead = Path(instance.event_log_storage.path_for_shard("index") + "-wal")
        with event_log_kept_open(instance, "some-run"):
            instance.report_runless_asset_event(dg.AssetMaterialization("an_asset"))
            assert written_ahead.stat().st_size > 0
        assert not written_ahead.exists()
        assert instance.get_latest_materialization_event(dg.AssetKey("an_asset")) is not None


def test_an_event_log_in_memory_needs_no_help() -> None:
    with dg.DagsterInstance.ephemeral() as instance, event_log_kept_open(instance, "some-run"):
        instance.report_runless_asset_event(dg.AssetMaterialization("an_asset"))
        assert instance.get_latest_materialization_event(dg.AssetKey("an_asset")) is not None
