"""The verdicts of every gate of a plan, wherever a gate published them."""

from __future__ import annotations

import datetime as dt

from assets.kernel.frames.quality import VERDICTS
from assets.kernel.published import Published
from orchestration.cli.reading import Record, records


def verdicts_of(published: Published, plan_date: dt.date) -> list[Record]:
    raise NotImplementedError
