"""A gate's rules as data: what is expected of which measure, and what follows if it is not met.

Not here: measuring (``profiles``) and judging (``expectations``, ``gate``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.quality import ACTIONS

SUITES = Path(__file__).parent / "suites"
EVERY_FEED = "all"
PASSED = "passed"

Gate = Literal["feeds", "forecasts", "plan"]
Action = Literal["warn", "hold_outbound", "hold", "stop"]
Severity = Literal["info", "warning", "critical"]
Scope = Literal["feed", "site", "item"]


class Rule(BaseModel):
    """One rule of a gate.

    Attributes
    ----------
    rule : str
        Its name; several feeds may share one.
    feeds : tuple of str
        Tables it holds for; empty for every table that has the measure.
    scope : str
        ``feed``, ``site`` or ``item``: which rows of the profile it judges.
    column : str
        Measure judged.
    expectation : str
        A Great Expectations type, such as ``expect_column_values_to_be_between``.
    kwargs : dict
        Its arguments besides the column.
    action, severity : str
        What follows.
    message : str
        For a person; may name measures of the row, as in ``{age_days:.0f}``, and ``{examples}``.
    remedy : str
        What to do about it.
    explains : tuple of str
        Rules of the same site that are its symptoms, so that one cause is one alert; of the same
        feed, of another as in ``demand_sales.outlier``, or of any as in ``all.unknown_reference``.
    usual : float
        Value of the measure when all is well.
    scale : float
        Distance from usual that scores 0.5 where the bound is what is usual.
    offenders : str
        Measure that counts the rows behind a verdict; one without it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    feeds: tuple[str, ...] = ()
    scope: Scope
    column: str
    expectation: str = "expect_column_values_to_be_between"
    kwargs: dict[str, Any]
    action: Action
    severity: Severity = "warning"
    message: str
    remedy: str
    explains: tuple[str, ...] = ()
    usual: float = 0.0
    scale: float = Field(default=1.0, gt=0)
    offenders: str = ""

    @property
    def bound(self) -> float | None:
        """The bound that the measure is held against, if the expectation has one."""
        for name in ("max_value", "min_value"):
            if name in self.kwargs:
                return float(self.kwargs[name])
        return None

    @property
    def strictness(self) -> int:
        """Place of the action among all actions, from mild to strict."""
        return ACTIONS.index(self.action)

    def holds_for(self, feed: str) -> bool:
        """Return whether the rule is about ``feed``."""
        return feed in self.feeds if self.feeds else feed != EVERY_FEED


class Suite(BaseModel):
    """The rules of one gate.

    Attributes
    ----------
    gate : str
        Where the gate stands.
    description : str
        What it judges.
    rules : tuple of Rule
        In order; a verdict names rule and feed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    gate: Gate
    description: str
    rules: tuple[Rule, ...]

    @model_validator(mode="after")
    def _explanations_never_loosen(self) -> Suite:
        for cause in self.rules:
            for name in cause.explains:
                symptoms = [rule for rule in self.rules if _is_named(name, rule, cause)]
                if not symptoms:
                    raise ValueError(f"rule {cause.rule} explains {name}, which is no rule of that feed")
                if any(symptom.strictness > cause.strictness for symptom in symptoms):
                    raise ValueError(f"rule {cause.rule} ({cause.action}) may not silence the stricter {name}")
        return self


def _is_named(name: str, rule: Rule, cause: Rule) -> bool:
    feed, _, bare = name.rpartition(".")
    if rule.rule != bare:
        return False
    if feed:
        return feed == EVERY_FEED or rule.holds_for(feed)
    if EVERY_FEED in cause.feeds or not cause.feeds or not rule.feeds:
        return True
    return bool(set(cause.feeds) & set(rule.feeds))


def read_suite(gate: Gate, directory: Path = SUITES) -> Suite:
    """Read the suite of a gate.

    Raises
    ------
    EquipoiseError
        If the file is absent or does not validate.
    """
    path = directory / f"{gate}.yaml"
    try:
        return Suite.model_validate(yaml.safe_load(path.read_text()))
    except (OSError, ValidationError, yaml.YAMLError) as error:
        raise EquipoiseError(str(error), where=f"suite {path.name}", remedy="Correct the file") from error
