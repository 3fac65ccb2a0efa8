"""What of a date is planned: everything, or some items on top of the plan that stands. Not here: planning it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Only:
    """What is planned again.

    It is handed to the step as an object: a run's config stands on Dagster's pages as it was written, whatever
    somebody may see.

    Attributes
    ----------
    named : tuple of str
        ``item=ID`` or ``site=ID`` each: only the items touched; everything if empty.
    """

    named: tuple[str, ...] = ()
