"""Which policy releases there are, where each stands, and which one decides.

Not here: how a release comes to a stage (``governance.stages``); the registry is told by ``stages``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from assets.kernel.errors import EquipoiseError
from assets.policy.release import Release
from assets.policy.release_file import read_release
from assets.policy.stage import Stage
from assets.policy.standing import Standing, placed

SHIPPED = Path(__file__).parent / "releases"


def no_stages() -> Mapping[str, Standing]:
    """Return what events say of stages where there are none."""
    return {}


class PolicyRegistry:
    """The releases of folders of YAML files.

    Parameters
    ----------
    directory : Path
        Folder of releases; the shipped ones by default. Their files may name a stage.
    decides : str, optional
        Version that decides whatever its stage, for a replay; the active release otherwise.
    own : Path, optional
        Folder of the network's own releases, which need not exist. Their files name no stage.
    stages : callable, optional
        Returns, by name, where events left releases (``governance.stages.standings``); asked each time.
    """

    def __init__(
        self,
        directory: Path = SHIPPED,
        decides: str = "",
        own: Path | None = None,
        stages: Callable[[], Mapping[str, Standing]] = no_stages,
    ) -> None:
        self._directory = directory
        self._decides = decides
        self._own = own
        self._stages = stages

    def releases(self) -> list[Release]:
        """Return every release at its stage, by name.

        Raises
        ------
        EquipoiseError
            If a file does not validate, if two releases have one name, if a parent is missing, or if the content
            of a release changed after it was promoted.
        """
        found = self._files()
        versions = {release.version for release in found.values()}
        for release in found.values():
            if release.parent and release.parent not in versions:
                raise EquipoiseError(
                    f"its parent {release.parent} is not among the releases",
                    where=f"policy release {release.name}",
                    remedy="Bring the parent's file back as it was, or name the version that it was made from",
                )
        stages = self._stages()
        return [placed(found[name], stages.get(name)) for name in sorted(found)]

    def whole(self) -> list[Release]:
        """Return the releases that are not at fault, at their stages, by name: what a rollback goes by.

        A draft with a typing error, or a shadow whose file was changed, must not keep anybody from taking another
        release back. What is at fault is left out, so that it can be neither taken back nor restored.
        """
        stages, found = self._stages(), []
        for name, release in sorted(self._files(strict=False).items()):
            try:
                found.append(placed(release, stages.get(name)))
            except EquipoiseError:
                continue  # `releases` tells of it; here it counts as absent
        return found

    def active(self) -> Release:
        """Return the one release that decides.

        A file that is at fault counts as absent here, so that a draft with a typing error stops no plan; the
        active release itself must be whole.

        Raises
        ------
        EquipoiseError
            If none or several are active, or if the version asked for is not there.
        """
        if self._decides:
            return self.version(self._decides)
        active = self._at(Stage.ACTIVE)
        if len(active) != 1:
            raise EquipoiseError(
                f"{len(active)} releases are active ({', '.join(r.name for r in active) or 'none'})",
                where=str(self._directory),
                remedy="Set the stage of exactly one release to active, or bring the active release's file back",
            )
        return active[0]

    def canary(self) -> Release | None:
        """Return the release that decides for a share of the network, if there is one."""
        return next(iter(self._at(Stage.CANARY)), None)

    def shadows(self) -> list[Release]:
        """Return the releases that decide and never send, by name."""
        return self._at(Stage.SHADOW)

    def version(self, version: str) -> Release:
        """Return a release by its version.

        Raises
        ------
        EquipoiseError
            If there is none.
        """
        for release in self._files(strict=False).values():
            if release.version == version:
                return placed(release, self._stages().get(release.name))
        raise EquipoiseError(
            f"there is no policy release {version} any more",
            where=str(self._directory),
            remedy="Bring its file back as it was",
        )

    def _at(self, stage: Stage) -> list[Release]:
        stages = self._stages()
        found = self._files(strict=False)
        concerned = [
            release
            for name, release in sorted(found.items())
            if (stages[name].stage if name in stages else release.stage) is stage
        ]
        return [placed(release, stages.get(release.name)) for release in concerned]

    def _files(self, strict: bool = True) -> dict[str, Release]:
        found: dict[str, Release] = {}
        for folder, may_name_stage in ((self._directory, True), (self._own, False)):
            for path in sorted(folder.glob("*.yaml")) if folder else []:
                try:
                    release = read_release(path, may_name_stage=may_name_stage)
                    _require_new(release, found, path)
                except EquipoiseError:
                    if strict or may_name_stage:
                        raise
                    continue
                found[release.name] = release
        return found


def _require_new(release: Release, found: Mapping[str, Release], path: Path) -> None:
    if release.name in found:
        raise EquipoiseError(
            f"there is another release named {release.name}", where=str(path), remedy="Give it a name of its own"
        )
