"""What keeps a plan from starting is said before anything runs."""

import datetime as dt
from pathlib import Path

import pytest

from assets.kernel.errors import EquipoiseError
from assets.kernel.network import NetworkProfile
from orchestration import instance
from orchestration.planning import execute_in, plan_day
from orchestration.settings import Settings

DAY = dt.date(2026, 1, 6)


@pytest.mark.parametrize("url", ["postgresql://equipoise@127.0.0.1:1/ledger", "nonsense"])
def test_a_ledger_that_does_not_answer_stops_the_plan_before_its_first_step(tmp_path: Path, url: str) -> None:
    settings = Settings(home=tmp_path, network="net", ledger_url=url)
    home = settings.network_home()
    NetworkProfile(name="net", first_plan_date=DAY, declared_date=DAY).write(home.root)
    with pytest.raises(EquipoiseError, match="ledger") as raised:
        plan_day(settings)
    assert "\n" not in str(raised.value)
    assert not home.dagster.exists()


def test_what_is_planned_again_stands_in_no_config_and_no_tag_of_the_run(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, network="net")
    NetworkProfile(name="net", first_plan_date=DAY, declared_date=DAY).write(settings.network_home().root)
    with instance.opened(settings) as store:
        # Nothing has landed, so that the run ends at its first steps.
        run_id, _ = execute_in(store, settings, DAY, {}, None, only=["item=SECRET"])
        run = store.get_run_by_id(run_id)
        told = [str(entry) for entry in store.all_logs(run_id)]
    assert run is not None
    assert told
    assert [one for one in (str(run.run_config), str(run.tags), *told) if "SECRET" in one] == []
