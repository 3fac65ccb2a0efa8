"""The coherence benchmark names the panels that it knows."""

from pathlib import Path

import pytest

from assets.kernel.errors import EquipoiseError
from orchestration.cli.bench import load

bench = load("coherence")


def test_a_panel_without_a_hierarchy_is_refused_with_those_that_have_one(tmp_path: Path) -> None:
    with pytest.raises(EquipoiseError, match=r"carparts has no hierarchy.*favorita"):
        bench.run(data=tmp_path, panel=["carparts"])
