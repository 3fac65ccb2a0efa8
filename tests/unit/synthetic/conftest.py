import pytest

from assets.feeds.synthetic import World, WorldParameters


@pytest.fixture(scope="package")
def world() -> World:
    return World(WorldParameters.small())
