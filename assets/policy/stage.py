"""The stages of a policy release and which may follow which.

Not here: who moved a release, when and why (``governance.stages``).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Stage(StrEnum):
    """What a release may do.

    ``draft``: be written. ``shadow``: decide beside the active one, never send. ``canary``: decide for a share
    of the network. ``active``: decide for the rest. ``retired``: nothing any more.
    """

    DRAFT = "draft"
    SHADOW = "shadow"
    CANARY = "canary"
    ACTIVE = "active"
    RETIRED = "retired"


PROMOTIONS: Mapping[Stage, Stage] = {
    Stage.DRAFT: Stage.SHADOW,
    Stage.SHADOW: Stage.CANARY,
    Stage.CANARY: Stage.ACTIVE,
}
"""The stage that a release is promoted to; none is skipped."""
