"""Section of a release that says what an ERP replenishes by itself, by the levels that it is handed.

Not here: the levels (``inventory.targets``), or the document that hands them over (``orders``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from assets.policy.oversight import Feature
from assets.policy.section import Section

if TYPE_CHECKING:
    from assets.policy.release import Release

ANY = "*"


class HandedOver(Section):
    """Some item-sites that an ERP replenishes by itself.

    Attributes
    ----------
    site : str
        Site that receives; ``*`` for any.
    category : str
        Category of the item master; ``*`` for any. The ABC class would not do: it is drawn anew from sales, and an
        item must not go back and forth between two that order.
    """

    site: str = Field(min_length=1)
    category: str = Field(default=ANY, min_length=1)


class ParameterRules(Section):
    """What is replenished by reorder points and minimum / maximum levels in an ERP, not by orders of the plan.

    Attributes
    ----------
    handed_over : tuple of HandedOver
        Item-sites; nothing where none is named.
    free_change_share : float
        Change of a reorder point or maximum, as a share of the former one, up to which rules approve.
    """

    handed_over: tuple[HandedOver, ...] = ()
    free_change_share: float = Field(default=0.5, ge=0, allow_inf_nan=False)


def handed_over(release: Release, sites: Iterable[str], categories: Iterable[str]) -> NDArray[np.bool_]:
    """Return which item-sites an ERP replenishes by itself.

    Parameters
    ----------
    release : Release
        What decides; with the feature ``parameters_document`` off it hands nothing over.
    sites, categories : iterable of str
        Of each item-site.
    """
    named = {(one.site, one.category) for one in release.parameters.handed_over}
    on = bool(named) and release.enabled(Feature.PARAMETERS_DOCUMENT)
    return np.array(
        [
            on and not named.isdisjoint({(site, category), (site, ANY), (ANY, category), (ANY, ANY)})
            for site, category in zip(sites, categories, strict=True)
        ],
        dtype=bool,
    )
