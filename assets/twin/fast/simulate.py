"""Many buckets of many replications, on all cores: the same to the bit whatever their number, chunks or threads.

Replications are played in chunks that fit a core's cache, one writer a chunk; memory does not grow with buckets.
Not here: a bucket (``bucket``), or what decides (``rules``).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from assets.kernel.errors import EquipoiseError
from assets.twin.day import Ints
from assets.twin.fast.books import Books, Opening
from assets.twin.fast.bucket import Passage
from assets.twin.fast.chance import Chance
from assets.twin.fast.network import FastNetwork
from assets.twin.fast.outcome import Outcome, joined, outcome_of, units_of
from assets.twin.fast.rules import Policy

CHUNK_PLACES = 16_384
"""Item-sites times replications of a chunk; some ten arrays of them stay in a core's cache."""


@dataclass(frozen=True)
class Length:
    """How much is simulated.

    Attributes
    ----------
    buckets : int
        Buckets that count.
    warm_up : int
        Buckets before them.
    replications : int
        Independent futures.
    first : int
        Number of the first of them: the same numbers meet the same chance.
    """

    buckets: int
    warm_up: int = 0
    replications: int = 1
    first: int = 0

    def __post_init__(self) -> None:
        if self.buckets < 1 or self.warm_up < 0 or self.replications < 1:
            raise EquipoiseError(
                f"{self.replications} replications of {self.buckets} buckets after {self.warm_up}", where="fast twin",
                remedy="Simulate a bucket and a replication at least",
            )  # fmt: skip


def simulate(
    network: FastNetwork,
    chance: Chance,
    policy_of: Callable[[Ints], Policy],
    opening: Opening,
    length: Length,
    *,
    threads: int | None = None,
    watch: Callable[[Ints, Books], None] | None = None,
) -> Outcome:
    """Play a policy.

    Parameters
    ----------
    network : FastNetwork
        Of ``n`` item-sites.
    chance : Chance
        What nobody decides.
    policy_of : callable
        Returns the policy for some replications, by number; one that is the same for all may be shared.
    opening : Opening
        Stock that every replication begins with.
    length : Length
        Buckets and replications.
    threads : int, optional
        As many as there are cores if not given.
    watch : callable, optional
        Told the replications and the books after every bucket; it must not write.

    Raises
    ------
    EquipoiseError
        If there is nothing to simulate, or a policy decides what cannot be.
    """
    size = max(1, CHUNK_PLACES // len(network))
    numbers = length.first + np.arange(length.replications)
    chunks = np.split(numbers, np.arange(size, length.replications, size))

    def play(replications: Ints) -> Outcome:
        passage, policy = Passage(network, chance, replications), policy_of(replications)
        helpers = 0 if network.laterals is None else len(network.laterals.origin)
        books = Books.open(opening, len(replications), network.longest_buckets, network.shelf_life, helpers)
        before = units_of(books)
        for bucket in range(length.warm_up + length.buckets):
            if bucket == length.warm_up:
                books.begin_totals()
                before = units_of(books)
            passage.play(books, policy.decide(bucket, books))
            if watch is not None:
                watch(replications, books)
        return outcome_of(network, before, books, length.buckets)

    workers = min(len(chunks), threads or os.cpu_count() or 1)
    if workers == 1:
        return joined([play(chunk) for chunk in chunks])
    with ThreadPoolExecutor(workers) as pool:
        return joined(list(pool.map(play, chunks)))
