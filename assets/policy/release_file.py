"""A release from its file, or one line that says what is wrong with the file.

Not here: what a release may say (``release``, ``oversight``).
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from assets.kernel.errors import EquipoiseError
from assets.policy.oversight import ApprovalLimits, DispatchRules, Guard, MaskingRules, RolloutRules
from assets.policy.parameters import HandedOver, ParameterRules
from assets.policy.release import ForecastRules, Guardrails, Objective, Release, SharedLimits, TargetRules
from assets.policy.stage import Stage

_SECTIONS = (
    Release, ForecastRules, TargetRules, Guardrails, Objective, SharedLimits, ApprovalLimits, MaskingRules,
    RolloutRules, Guard, DispatchRules, ParameterRules, HandedOver,
)  # fmt: skip
_KNOWN_KEYS = sorted({name for section in _SECTIONS for name in section.model_fields})
_MOST_FAULTS_TOLD = 3


def read_release(path: Path, *, may_name_stage: bool = True) -> Release:
    """Return the release that a file holds.

    Parameters
    ----------
    path : Path
        YAML file.
    may_name_stage : bool
        Whether the file may say that it is more than a draft.

    Raises
    ------
    EquipoiseError
        If it cannot be read or is no YAML, if it has an unknown key or a value that is not allowed, or if it names a
        stage that only an event can give.
    """
    try:
        release = Release.model_validate(_content(_text(path), path))
    except ValidationError as error:
        faults = [_told(fault) for fault in error.errors()]
        more = len(faults) - _MOST_FAULTS_TOLD
        text = "; ".join(faults[:_MOST_FAULTS_TOLD]) + (f"; and {more} more" if more > 0 else "")
        raise EquipoiseError(text, where=str(path), remedy="Correct the file") from error
    if not may_name_stage and release.stage is not Stage.DRAFT:
        raise EquipoiseError(
            f"a file does not make a release {release.stage}", where=str(path),
            remedy="Remove the stage from it and use `equipoise policy promote`",
        )  # fmt: skip
    return release


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise EquipoiseError(f"it is not YAML: {error}", where=str(path), remedy="Correct the file") from error
    except OSError as error:
        raise EquipoiseError(
            f"it cannot be read: {error.strerror}", where=str(path), remedy="Let this user read it"
        ) from error


def _content(text: str, path: Path) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise EquipoiseError(f"it is not YAML: {error}", where=str(path), remedy="Correct the file") from error
    except Exception as error:
        # PyYAML makes dates and numbers of text and passes on whatever fails in that: ValueError for a 13th month,
        # KeyError, IndexError or AttributeError for a tag that does not fit, RecursionError for what is nested too
        # deep. It runs nothing of ours, so that all of them are faults of the file.
        raise EquipoiseError(
            f"it holds a date, a number or a nesting that cannot be read: {error}",
            where=str(path),
            remedy="Correct it, or put it in quotes if it is text",
        ) from error


def _told(fault: ErrorDetails) -> str:
    path = ".".join(str(part) for part in fault["loc"]) or "the document"
    if fault["type"] != "extra_forbidden":
        return f"{path}: {fault['msg']}"
    near = difflib.get_close_matches(str(fault["loc"][-1]), _KNOWN_KEYS, n=1)
    return f"{path}: unknown key" + (f", did you mean {near[0]}?" if near else "")
