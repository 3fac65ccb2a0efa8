"""What tests share: a planned small network, made once, and where the real data are."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def data_directory() -> Path:
    """Return the folder of real data, or skip."""
    folder = Path(os.environ.get("EQUIPOISE_BENCH_DATA", ROOT.parent / "shared" / "data"))
    if not folder.exists():
        pytest.skip(f"real data are not at {folder}; set EQUIPOISE_BENCH_DATA")
    return folder
