"""Where events left a release: its stage, and the content that it had then.

Not here: the events, and who may cause them (``governance.stages``).
"""

from __future__ import annotations

from dataclasses import dataclass

from assets.kernel.errors import EquipoiseError
from assets.policy.release import Release
from assets.policy.stage import Stage


@dataclass(frozen=True)
class Standing:
    """A release as its events left it.

    Attributes
    ----------
    stage : Stage
        Where it stands.
    content_hash : str
        Of the content that was promoted.
    """

    stage: Stage
    content_hash: str


def placed(release: Release, standing: Standing | None) -> Release:
    """Return a release at the stage that its events gave it; as its file says where there are none.

    Raises
    ------
    EquipoiseError
        If its content is not the one that was promoted.
    """
    if standing is None:
        return release
    if standing.content_hash != release.content_hash:
        raise EquipoiseError(
            f"its content was changed after it was promoted: promoted = {standing.content_hash[:12]}, "
            f"file = {release.content_hash[:12]}",
            where=f"policy release {release.name}",
            remedy="Bring the file back as it was, and give the changed content a new name",
        )
    return release.model_copy(update={"stage": standing.stage})
