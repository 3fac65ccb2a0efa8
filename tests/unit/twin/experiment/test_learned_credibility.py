"""What lateral units kept of what they were told to save."""

from __future__ import annotations

import numpy as np
import pytest

from assets.twin.experiment.learned_credibility import LEAST, LEAST_RECEIVERS, Told, learned, served


def _told(added: list[int], saved: list[float], bucket: int = 0, normal: int = 3, arrival: int = 1) -> Told:
    count = len(added)
    return Told(
        bucket, np.arange(count), np.array(added), np.full(count, arrival), np.full(count, normal),
        np.full((count, 4), 2), np.array(saved), np.full(count, 5.0),
    )  # fmt: skip


def test_units_that_demand_asked_for_before_a_normal_order_were_served() -> None:
    """Known are 2; asked are 1, 3 and 1: three are short at the end, none of them before a move arrives."""
    rows, units = served(_told([2, 5, -1], [0.0, 0.0, 0.0]), np.array([[1, 3, 1, 9]] * 3))
    assert rows.tolist() == [0, 1, 2]
    # Two of the three; all three; a giver that is short anyway loses one more.
    assert units.tolist() == [2, 3, -1]


def test_what_was_lost_before_anything_could_come_is_nobodys_saving() -> None:
    _, units = served(_told([4], [0.0]), np.array([[5, 1, 0, 0]]))
    assert units.tolist() == [1]


def test_a_stretch_that_has_not_passed_tells_nothing() -> None:
    rows, _ = served(_told([1], [1.0], bucket=2), np.array([[1, 1, 1, 1]]))
    assert rows.tolist() == []


def test_the_share_believed_is_what_was_kept_over_what_was_told() -> None:
    told, demand = _told([1] * 24, [1.0] * 24), np.array([[1, 2, 0, 0]] * 12 + [[0, 0, 0, 0]] * 12)
    found = learned([(told, demand)])
    assert (found.told, found.kept, found.receivers) == (120.0, 60.0, 24)
    assert found.share == pytest.approx(0.5)


def test_nothing_is_learned_from_a_few_and_never_that_nothing_is_believed() -> None:
    few = LEAST_RECEIVERS - 1
    assert learned([(_told([1] * few, [1.0] * few), np.zeros((few, 4), dtype=np.int64))]).share is None
    many = LEAST_RECEIVERS
    assert learned([(_told([1] * many, [1.0] * many), np.zeros((many, 4), dtype=np.int64))]).share == LEAST
    assert learned([]).share is None
