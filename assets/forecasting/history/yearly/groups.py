"""Whose season of the year counts: the network's, and those that categories have beside it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class YearlyGroups:
    """Groups whose season of the year counts.

    Attributes
    ----------
    network : bool
        Whether the network has one.
    categories : frozenset of str
        Categories with one of their own beside it.
    """

    network: bool
    categories: frozenset[str]
