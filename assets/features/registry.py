"""Which feature sets there are, and which one a network has pinned.

A pin is never taken back: a rollback is a new pin of the set before, so that the file tells
what was in force when. Times of pins are not kept: no decision may depend on them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import ValidationError

from assets.features.feature_set import FeatureSet
from assets.kernel.errors import EquipoiseError

SHIPPED = Path(__file__).parent / "sets"
DEFAULT = "standard"
PINS_FILE = "features.yaml"

__all__ = ["FeatureRegistry", "FeatureSet", "Pin"]


@dataclass(frozen=True)
class Pin:
    """One line of a network's history of pins.

    Attributes
    ----------
    name : str
        Set.
    version : str
        Its version when it was pinned.
    action : str
        pin or rollback.
    """

    name: str
    version: str
    action: str


class FeatureRegistry:
    """The feature sets of a folder of YAML files, and a network's pins.

    Parameters
    ----------
    home_root : Path
        Home of the network; the pins stand in ``features.yaml`` there.
    directory : Path
        Folder of sets; the shipped ones by default.
    """

    def __init__(self, home_root: Path, directory: Path = SHIPPED) -> None:
        self._pins = home_root / PINS_FILE
        self._directory = directory

    def available(self) -> list[FeatureSet]:
        """Return every set, by name.

        Raises
        ------
        EquipoiseError
            If a file does not validate.
        """
        return [self._read(path) for path in sorted(self._directory.glob("*.yaml"))]

    def active(self) -> FeatureSet:
        """Return the pinned set, or ``standard`` where none was ever pinned.

        Raises
        ------
        EquipoiseError
            If the pinned set is gone, or has changed since it was pinned.
        """
        history = self.history()
        if not history:
            return self._named(DEFAULT)
        pinned, found = history[-1], self._named(history[-1].name)
        if found.version != pinned.version:
            raise EquipoiseError(
                f"{pinned.version} is pinned and its file now says {found.version}",
                where=str(self._pins),
                remedy=f"Restore the file, or run `equipoise features pin {pinned.name}`",
            )
        return found

    def history(self) -> list[Pin]:
        """Return every pin, oldest first.

        Raises
        ------
        EquipoiseError
            If the file cannot be read.
        """
        if not self._pins.exists():
            return []
        try:
            content = yaml.safe_load(self._pins.read_text()) or {}
            return [Pin(**entry) for entry in content.get("pins", [])]
        except (yaml.YAMLError, TypeError, AttributeError) as error:
            raise EquipoiseError(str(error), where=str(self._pins), remedy="Correct or remove the file") from error

    def pin(self, name: str) -> FeatureSet:
        """Put a set in force from the next plan on and return it.

        Raises
        ------
        EquipoiseError
            If there is no such set.
        """
        chosen = self._named(name)
        self._append(Pin(chosen.name, chosen.version, "pin"))
        return chosen

    def rollback(self) -> FeatureSet:
        """Pin again what was in force before the last change and return it.

        Rolling back twice goes two steps back, not forth again.

        Raises
        ------
        EquipoiseError
            If nothing was pinned before.
        """
        standing: list[str] = []
        for entry in self.history():
            if entry.action == "pin":
                standing.append(entry.name)
            elif standing:
                standing.pop()
        if not standing:
            raise EquipoiseError(
                "nothing was pinned that could be rolled back",
                where=str(self._pins),
                remedy="Pin a set with `equipoise features pin NAME`",
            )
        chosen = self._named(standing[-2] if len(standing) > 1 else DEFAULT)
        self._append(Pin(chosen.name, chosen.version, "rollback"))
        return chosen

    def _append(self, pin: Pin) -> None:
        entries = [vars(entry) for entry in (*self.history(), pin)]
        self._pins.parent.mkdir(parents=True, exist_ok=True)
        partial = self._pins.with_suffix(".partial")
        partial.write_text(yaml.safe_dump({"pins": entries}, sort_keys=False))
        os.replace(partial, self._pins)

    def _named(self, name: str) -> FeatureSet:
        sets = {found.name: found for found in self.available()}
        if name not in sets:
            raise EquipoiseError(
                f"there is no feature set {name!r}",
                where=str(self._directory),
                remedy=f"Use one of {', '.join(sets)}",
            )
        return sets[name]

    def _read(self, path: Path) -> FeatureSet:
        try:
            return FeatureSet.model_validate(yaml.safe_load(path.read_text()))
        except (ValidationError, yaml.YAMLError) as error:
            raise EquipoiseError(str(error), where=str(path), remedy="Correct the file") from error
