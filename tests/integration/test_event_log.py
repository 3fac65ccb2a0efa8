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


def test_an_event_log_kept_open_opens_each_file_once_and_is_dagsters_own_again_afterwards(tmp_path: Path) -> None:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        storage = instance.event_log_storage
        own = storage._connect
        with event_log_kept_open(instance, "some-run"):
            with storage.index_connection() as one:
                first = one.connection.dbapi_connection
            with event_log_kept_open(instance, "some-run"), storage.index_connection() as other:
                assert other.connection.dbapi_connection is first
            with storage.run_connection("another-run") as another:
                once = another.connection.dbapi_connection
            with storage.run_connection("another-run") as another:
                assert another.connection.dbapi_connection is not once
        assert storage._connect == own
        with storage.index_connection() as anew:
            assert anew.connection.dbapi_connection is not first
