"""Small sample networks for tests: the synthetic world, with faults on request."""

import shutil
from pathlib import Path

from assets.feeds.landing import LandingArea
from assets.feeds.synthetic import World, WorldParameters, demo_dates, demo_profile, emit
from assets.feeds.synthetic.faults import Fault
from orchestration.settings import Settings

SEED = 7


def small_network(folder: Path, *faults: Fault, name: str = "sample", seed: int = SEED) -> Settings:
    """Make a small network below ``folder``, land its feeds and return settings that work on it."""
    settings = Settings(home=folder, network=name)
    home = settings.home_of(name)
    parameters = WorldParameters.small(seed)
    profile = demo_profile(parameters).model_copy(update={"name": name})
    profile.write(home.root)
    start, end = demo_dates(parameters)
    emit(World(parameters), LandingArea(home.landing, profile.clock), start, end, faults)
    return settings


def copied(settings: Settings, folder: Path) -> Settings:
    """Return settings that work on a copy of a network below ``folder``, which may then be changed."""
    shutil.copytree(settings.home, folder / "home")
    return Settings(home=folder / "home", network=settings.network)
