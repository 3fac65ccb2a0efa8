"""Dagster's own storage: SQLite files, or a PostgreSQL database that answers."""

from pathlib import Path

import pytest

from assets.kernel.errors import EquipoiseError
from assets.kernel.network import NetworkProfile
from orchestration.instance import configuration, prepare
from orchestration.settings import Settings

NOWHERE = "postgresql://equipoise:secret@127.0.0.1:1/dagster"


def settings(home: Path, url: str | None) -> Settings:
    return Settings(home=home, network="net", dagster_postgres_url=url)


@pytest.mark.parametrize("url", [NOWHERE, NOWHERE.replace("postgresql://", "postgres://")])
def test_dagster_speaks_to_postgresql_through_its_own_driver(tmp_path: Path, url: str) -> None:
    storage = configuration(settings(tmp_path, url))["storage"]
    assert storage["postgres"]["postgres_url"] == NOWHERE.replace("://", "+psycopg2://", 1)


def test_without_a_url_dagster_keeps_sqlite_files(tmp_path: Path) -> None:
    assert "storage" not in configuration(settings(tmp_path, None))


@pytest.mark.parametrize("url", [NOWHERE, "nonsense"])
def test_a_database_of_dagster_that_is_not_there_is_one_line_that_names_the_setting(tmp_path: Path, url: str) -> None:
    installed = settings(tmp_path, url)
    NetworkProfile(name="net", first_plan_date="2026-01-05").write(installed.network_home().root)
    with pytest.raises(EquipoiseError, match="EQUIPOISE_DAGSTER_POSTGRES_URL") as raised:
        prepare(installed)
    assert "\n" not in str(raised.value)
    assert "secret" not in str(raised.value)
