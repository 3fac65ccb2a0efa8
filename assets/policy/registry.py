"""Which policy releases there are, and which one decides."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import ValidationError

from assets.kernel.errors import EquipoiseError
from assets.policy.release import Release

SHIPPED = Path(__file__).parent / "releases"


class PolicyRegistry:
    """The releases of a folder of YAML files.

    Parameters
    ----------
    directory : Path
        Folder of releases; the shipped ones by default.
    decides : str, optional
        Version that decides whatever its stage, for a replay; the active release otherwise.
    """

    def __init__(self, directory: Path = SHIPPED, decides: str = "") -> None:
        self._directory = directory
        self._decides = decides

    def releases(self) -> list[Release]:
        """Return every release, by name.

        Raises
        ------
        EquipoiseError
            If a file does not validate.
        """
        return [self._read(path) for path in sorted(self._directory.glob("*.yaml"))]

    def active(self) -> Release:
        """Return the one release that decides.

        Raises
        ------
        EquipoiseError
            If none or several are active, or if the version asked for is not there.
        """
        if self._decides:
            return self._version(self._decides)
        active = [release for release in self.releases() if release.stage == "active"]
        if len(active) != 1:
            raise EquipoiseError(
                f"{len(active)} releases are active ({', '.join(r.name for r in active) or 'none'})",
                where=str(self._directory),
                remedy="Set the stage of exactly one release to active",
            )
        return active[0]

    def _version(self, version: str) -> Release:
        for release in self.releases():
            if release.version == version:
                return release
        raise EquipoiseError(
            f"there is no policy release {version} any more",
            where=str(self._directory),
            remedy="Bring its file back as it was",
        )

    def _read(self, path: Path) -> Release:
        try:
            return Release.model_validate(yaml.safe_load(path.read_text()))
        except (ValidationError, yaml.YAMLError) as error:
            raise EquipoiseError(str(error), where=str(path), remedy="Correct the file") from error
