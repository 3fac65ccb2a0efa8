"""A scenario: what happens to a network, to what it is told and to its gateway, from which day of a run and how long.

A YAML file validated here: an unknown key is an error that names it and the keys that are allowed. Not here:
whether a world can live it (``scenario_world``), or the run (``full``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails

from assets.kernel.errors import EquipoiseError
from assets.twin.scenario_events import KINDS, EndEvent, Event, Lasting, LaunchEvent, OpeningEvent, Section, kind_of

SHIPPED = Path(__file__).parent / "scenarios"
UNDISTURBED = "undisturbed"
"""Name of the scenario in which nothing happens."""


class Scenario(Section):
    """One scenario.

    Attributes
    ----------
    name, title : str
        As it is asked for, and in words.
    events : tuple
        What happens; nothing if empty.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str
    events: Annotated[tuple[Event, ...], Field(strict=False)] = ()

    @property
    def lasting(self) -> tuple[Lasting, ...]:
        """Events that end."""
        return tuple(event for event in self.events if isinstance(event, Lasting))

    @property
    def first_day(self) -> int:
        """Day of the run on which the first event begins; 0 if there is none."""
        return min((event.start for event in self.events), default=0)

    @property
    def last_day(self) -> int:
        """Last day of the run on which an event goes on; 0 if there is none."""
        return max((event.last for event in self.events), default=0)

    @property
    def changes_the_range(self) -> bool:
        """Whether stores open or items come or go, so that demand is another from the beginning."""
        return any(isinstance(event, (OpeningEvent, LaunchEvent, EndEvent)) for event in self.events)


def shipped_scenarios() -> dict[str, Path]:
    """Return the scenarios that come with the package, by name."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.yaml"))}


def named_scenario(name: str) -> Scenario:
    """Return a shipped scenario by name, or the one in a file.

    Raises
    ------
    EquipoiseError
        If there is neither, or if it does not validate.
    """
    shipped = shipped_scenarios()
    path = shipped.get(name) or Path(name)
    if name not in shipped and not path.is_file():
        raise EquipoiseError(
            "there is no such scenario",
            where=f"scenario {name}",
            remedy=f"Name a YAML file, or one of {', '.join(shipped)}",
        )
    return read_scenario(path)


def read_scenario(path: Path) -> Scenario:
    """Return the scenario of a file.

    Raises
    ------
    EquipoiseError
        If it is no YAML, has a key that is not known, or a value that is not allowed.
    """
    try:
        return Scenario.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except ValidationError as error:
        told = "; ".join(_told(fault) for fault in error.errors()[:3])
        raise EquipoiseError(told, where=str(path), remedy="Correct the scenario") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise EquipoiseError(f"it is not YAML: {error}", where=str(path), remedy="Correct the scenario") from error
    except OSError as error:
        raise EquipoiseError(
            f"it cannot be read: {error.strerror}", where=str(path), remedy="Let this user read it"
        ) from error


def _told(fault: ErrorDetails) -> str:
    path = ".".join(str(part) for part in fault["loc"]) or "the document"
    if fault["type"] == "extra_forbidden":
        return f"{path}: unknown key; allowed here: {', '.join(_allowed(fault['loc']))}"
    if fault["type"] == "missing":
        return f"{path}: it is missing"
    return f"{path}: {fault['msg']}, not {fault['input']!r}" if _is_plain(fault["input"]) else f"{path}: {fault['msg']}"


def _is_plain(value: Any) -> bool:
    return isinstance(value, (str, int, float))


def _allowed(place: tuple[int | str, ...]) -> list[str]:
    """Return the keys of the section that a place of the document lies in: (events, number, kind, key)."""
    section = next((kind for kind in KINDS if len(place) > 2 and kind_of(kind) == place[2]), Scenario)
    return list(section.model_fields)
