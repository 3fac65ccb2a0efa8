"""Releases tuned by simulation: the race, the search and the draft, over a simulation that is made up."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.governance.governance_samples import ADA, AT, release_with

from assets.governance.events import RELEASES
from assets.governance.log import MemoryGovernanceLog, settle
from assets.governance.stages import promote, standings
from assets.kernel.errors import EquipoiseError
from assets.policy.registry import PolicyRegistry
from assets.policy.release import Release
from assets.policy.stage import Stage
from assets.twin.search.bench import Effort
from assets.twin.search.draft import draft_of, named
from assets.twin.search.race import Constraints, Score, race
from assets.twin.search.search import search
from assets.twin.search.tunable import TUNABLES, Tunable, Values, bounded, value_of, with_values

SERVICE, WEIGHT = "targets.default_service_target.A", "objective.shortage_weight"
PARENT = PolicyRegistry().active()


def luck(first: int, count: int, seed: int = 0) -> np.ndarray:
    return np.array([np.random.default_rng([seed, number]).normal() for number in range(first, first + count)])


def score(cost: float, fill: float, first: int, count: int, seed: int = 0) -> Score:
    """Return a cost and a service whose luck is shared by all who meet the same futures."""
    shared = luck(first, count, seed)
    return Score(cost + 5.0 * shared, fill + 0.001 * shared, np.full(count, 100.0 * fill))


@dataclass
class Valley:
    """A network whose cost is least at a weight of 2, and whose fill rate follows the weight."""

    release: Release = PARENT
    effort: Effort = field(default_factory=lambda: Effort(candidates=8, rounds=3))
    item_sites: int = 10
    seeds: list[int] = field(default_factory=list)

    def play(self, values: Values, first: int, count: int, seed: int) -> Score:
        self.seeds.append(seed)
        weight = dict(values)[WEIGHT]
        return score(10.0 + (weight - 2.0) ** 2, 0.9 + 0.02 * weight, first, count, seed)

    def has_effect(self, one: Tunable) -> bool:
        return one.path == WEIGHT


def quiet(_line: str) -> None:
    pass


@given(st.lists(st.integers(0, 30), min_size=1, max_size=12, unique=True), st.integers(1, 4))
@settings(max_examples=30)
def test_the_best_of_candidates_that_differ_surely_wins_whatever_luck_they_share(costs: list[int], rounds: int) -> None:
    left = race(
        costs, lambda cost, first, count: score(float(cost), 0.9, first, count), Constraints(), first=2, rounds=rounds
    )
    assert left[0].candidate == min(costs)


def test_who_keeps_the_constraints_goes_before_who_is_cheaper() -> None:
    def evaluate(fill: float, first: int, count: int) -> Score:
        return score(100.0 * fill, fill, first, count)

    fills = [0.90, 0.95, 0.99]
    asked = Constraints(least_fill_rate=0.94)
    assert race(fills, evaluate, asked, first=4, rounds=3)[0].candidate == 0.95
    assert race(fills, evaluate, Constraints(most_stock_value=92.0), first=4, rounds=3)[0].candidate == 0.90
    assert race(fills, evaluate, Constraints(least_fill_rate=0.999), first=4, rounds=3)[0].candidate == 0.99


def test_a_search_finds_the_cheapest_and_has_the_last_word_on_futures_that_no_choice_has_seen() -> None:
    valley = Valley()
    found = search(valley, TUNABLES, Constraints(), quiet)
    assert found.values[WEIGHT] == pytest.approx(2.0, abs=0.3)
    assert found.before == {WEIGHT: 1.0}
    # The luck that both share cancels: what is left is the difference itself.
    assert found.cost_change.high == pytest.approx(found.cost_change.low)
    assert found.cost_change.mean == pytest.approx((found.values[WEIGHT] - 2.0) ** 2 - 1.0)
    assert set(valley.seeds[:-2]) == {7}
    assert valley.seeds[-2:] == [8, 8]
    assert len(found.without_effect) == len(TUNABLES) - 1
    assert found.is_better(Constraints())


def test_a_search_is_the_same_to_the_bit() -> None:
    one, other = (search(Valley(), TUNABLES, Constraints(0.95), quiet) for _ in range(2))
    assert one.values == other.values
    assert one.winner.cost.tobytes() == other.winner.cost.tobytes()
    # More service than the cheapest has: the least weight that is sure to give it.
    assert one.values[WEIGHT] == pytest.approx(2.5, abs=0.3)


def test_what_cannot_be_kept_says_what_was_reached() -> None:
    with pytest.raises(
        EquipoiseError, match=r"best fill rate reached is 0\.97\d\d, with 97\.\d\d in stock, at objective"
    ):
        search(Valley(), TUNABLES, Constraints(least_fill_rate=0.999), quiet)


def test_parameters_that_nothing_depends_on_are_refused() -> None:
    with pytest.raises(EquipoiseError, match="nothing in this network depends on targets"):
        search(Valley(), bounded(["targets.protect_donor_quantile"]), Constraints(), quiet)


def test_values_are_read_and_written_where_a_release_has_them() -> None:
    changed = with_values(PARENT, {SERVICE: 0.91, WEIGHT: 2.5})
    assert (value_of(changed, SERVICE), value_of(changed, WEIGHT)) == (0.91, 2.5)
    assert changed.content_hash != PARENT.content_hash
    assert with_values(changed, {SERVICE: 0.97, WEIGHT: 1.0}).content_hash == PARENT.content_hash
    with pytest.raises(EquipoiseError, match="greater than 0"):
        with_values(PARENT, {WEIGHT: 0.0})


@pytest.mark.parametrize(
    ("told", "match"),
    [
        (["nonsense"], "cannot be tuned"),
        ([f"{WEIGHT}=2"], "no bounds"),
        ([f"{WEIGHT}=3:2"], "bounds from 3 to 2"),
        ([f"{WEIGHT}=-1:2"], "bounds from -1 to 2"),
        ([f"{WEIGHT}=1:inf"], "bounds from 1 to inf"),
        ([f"{WEIGHT}=nan:2"], "bounds from nan to 2"),
        ([WEIGHT, WEIGHT], "named twice"),
    ],
)
def test_nonsense_to_tune_is_refused(told: list[str], match: str) -> None:
    with pytest.raises(EquipoiseError, match=match):
        bounded(told)


def test_a_draft_goes_the_usual_way_with_the_simulation_that_speaks_for_it(tmp_path: Path) -> None:
    found = search(Valley(), TUNABLES, Constraints(), quiet)
    draft = draft_of(found, named(PARENT, "tuned", "bo#1003"), "policy search, seed 7", "EUR")
    draft.write(tmp_path)
    log = MemoryGovernanceLog()
    registry = PolicyRegistry(own=tmp_path, stages=lambda: standings(log.history(RELEASES)))
    held = next(release for release in registry.releases() if release.name == "tuned")
    assert (held.version, held.stage, held.parent) == (draft.release.version, Stage.DRAFT, PARENT.version)
    assert held.author == "bo#1003"
    assert "shortage_weight 1 to" in held.description

    def to_shadow() -> None:
        settle(log, RELEASES, lambda past: promote(past, "tuned", registry.releases(), by=ADA, at=AT, why="tuned"))

    with pytest.raises(EquipoiseError, match="no backtest speaks for it"):
        to_shadow()
    settle(log, RELEASES, lambda _past: (draft.recorded("bo#1003", AT, "found"),))
    to_shadow()
    assert {release.name: release.stage for release in registry.releases()}["tuned"] is Stage.SHADOW
    change = {figure.name: figure.value for figure in draft.evidence.figures}["cost change"]
    assert change == Decimal(f"{found.cost_change.mean:.2f}")
    with pytest.raises(EquipoiseError, match="there already"):
        draft.write(tmp_path)


def test_evidence_of_other_content_does_not_speak_for_a_draft_that_was_changed() -> None:
    found = search(Valley(), TUNABLES, Constraints(), quiet)
    draft = draft_of(found, named(PARENT, "tuned", "bo"), "policy search, seed 7", "EUR")
    log = MemoryGovernanceLog()
    settle(log, RELEASES, lambda _past: (draft.recorded("bo", AT, "found"),))
    changed = release_with("tuned", objective={"shortage_weight": 3.9}).model_copy(update={"stage": Stage.DRAFT})
    with pytest.raises(EquipoiseError, match="no backtest speaks for it"):
        settle(log, RELEASES, lambda past: promote(past, "tuned", [changed], by=ADA, at=AT, why="tuned"))


def test_a_name_that_no_release_may_have_is_refused() -> None:
    with pytest.raises(EquipoiseError, match="--name"):
        named(PARENT, "No Name", "bo")
