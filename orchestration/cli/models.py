"""`equipoise models`: which selections of models there are, and what persons decide about them.

Not here: selecting, which a plan does where it is due (``assets.forecasting.daily``).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from assets.kernel.calendar import AsKnown
from assets.kernel.errors import EquipoiseError
from assets.kernel.telling import Record, plain
from assets.policy.access import Permission
from orchestration.cli.acting import By, acting
from orchestration.cli.command import command
from orchestration.cli.console import Output, percent, significant, table
from orchestration.cli.reading import open_network
from orchestration.cli.recalibrate import recalibrate, waiting_refits

if TYPE_CHECKING:
    from assets.forecasting.registry.log import ModelLog
    from assets.forecasting.registry.records import Entered, Used
    from assets.forecasting.registry.registry import ModelRegistry

Reason = Annotated[str, typer.Option("--reason", help="Why.")]
_SHORT = 12
# Headings of two lines, so that no name is broken in 120 columns.
_SCORES = {
    "pinball_loss": "pinball\nloss", "wape": "WAPE", "mase": "MASE", "rmsse": "RMSSE",
    "scaled_pinball": "scaled\npinball",
}  # fmt: skip
_SHARES = {"bias": "bias", "coverage_80": "80 %\nraw", "pit_coverage_80": "80 %\nby PIT"}

models = typer.Typer(
    add_completion=False, no_args_is_help=True, help="List, show, promote or roll back forecasting models."
)


@models.command("list")
@command(needs=Permission.READ_ORDERS)
def list_selections(out: Output) -> None:
    """List the selections, which one decides next, and what persons and drift asked for."""
    found = gather(open_registry()) | {"waiting": waiting_refits(out.access)}
    out.answer(found, lambda console: _show(console, found))


@models.command("show")
@command(needs=Permission.READ_ORDERS)
def show_selection(
    out: Output,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="Start of a selection's or an order's model version, or a plan date; the latest plan's if not given.",
        ),
    ] = None,
) -> None:
    """Show a selection: champions and candidates of each segment, and their scores."""
    registry = open_registry()
    found = gather_one(registry, find(registry.log(), name))
    out.answer(found, lambda console: _show_one(console, found))


@models.command("promote")
@command(needs=Permission.PROMOTE_RELEASE)
def promote_model(
    out: Output,
    segment: Annotated[str, typer.Argument(help="Demand segment.")],
    model: Annotated[str, typer.Argument(help="Candidate that was scored for it.")],
    reason: Reason,
    by: By = None,
) -> None:
    """Put a model into a segment, from the first date on that is not planned yet, until a rollback."""
    from assets.forecasting.registry.acts import promote

    person = acting(out, by)
    act = open_registry().decide(lambda registry: promote(registry, segment, model, person, reason))
    told = f"{model} forecasts {segment} from the plan of {act.since} on; that plan selects again."
    out.answer(plain(act.model_dump()), lambda console: console.print(told, markup=False))


@models.command("rollback")
@command(needs=Permission.ROLL_BACK_RELEASE)
def roll_back_models(out: Output, reason: Reason, by: By = None) -> None:
    """Undo the last promotion or selection, from the first date on that is not planned yet."""
    from assets.forecasting.registry.acts import roll_back

    person = acting(out, by)
    act = open_registry().decide(lambda registry: roll_back(registry, person, reason))
    told = f"The selection {act.version[:_SHORT]} is in force again from the plan of {act.since} on."
    out.answer(plain(act.model_dump()), lambda console: console.print(told, markup=False))


models.command("recalibrate")(recalibrate)


def open_registry() -> ModelRegistry:
    """Return the models of the network."""
    from assets.forecasting.registry.registry import ModelRegistry

    return ModelRegistry(open_network().root)


def gather(registry: ModelRegistry) -> Record:
    """Return the selections, oldest plan date first, and what else happened, as it was recorded."""
    from assets.forecasting.registry.records import Entered, Used

    log = registry.log()
    next_version = _next_version(log)
    entries = sorted(log.of(Entered), key=lambda entry: entry.made_for)
    told = [
        {
            **_entry(entry),
            "plan_dates": sorted({use.plan_date for use in log.of(Used, entry.terms) if use.version == entry.version}),
            "in_force": entry.version == next_version,
        }
        for entry in entries
    ]
    others = [record.model_dump() for record in log.records if not isinstance(record, Entered | Used)]
    return {"selections": plain(told), "acts": plain(others)}


def gather_one(registry: ModelRegistry, entry: Entered) -> Record:
    """Return a selection with the scores of every candidate."""
    from dataclasses import asdict

    choices = registry.selection(entry.version).choices
    segments = [
        {
            "segment": choice.segment,
            "champion": choice.champion,
            "since": choice.since,
            "by": choice.by,
            "reason": choice.reason,
            "test": asdict(choice.evidence) if choice.evidence else None,
            "origins": choice.origin_count,
            "mean_factor": choice.calibration.mean_factor,
            "scores": [asdict(score) for score in choice.scores],
        }
        for choice in choices
    ]
    shown: Record = plain({**_entry(entry), "segments": segments})
    return shown


def find(log: ModelLog, name: str | None) -> Entered:
    """Return the selection that a name means.

    Parameters
    ----------
    log : ModelLog
        What happened.
    name : str or None
        Start of its version or of a model version made with it, or a plan date; the latest plan if not given.

    Raises
    ------
    EquipoiseError
        If nothing, or more than one selection, is meant.
    """
    from assets.forecasting.registry.records import Entered, Used

    uses = [use for use in log.of(Used) if name is None or name in (use.plan_date.isoformat(), use.version)]
    uses += [use for use in log.of(Used) if name is not None and use.model_version.startswith(name)]
    meant = {use.version for use in (uses if name is not None else _latest(log))}
    meant |= {entry.version for entry in log.of(Entered) if name is not None and entry.version.startswith(name)}
    found = [entry for entry in log.of(Entered) if entry.version in meant]
    if len(meant) != 1 or not found:
        what = "no plan has used a model yet" if name is None else f"{len(meant)} selections are called {name}"
        raise EquipoiseError(what, where="model registry", remedy="See `equipoise models list`")
    return found[-1]


def _latest(log: ModelLog) -> list[Used]:
    latest = log.latest_use(AsKnown.THEN)
    return [latest] if latest else []


def _next_version(log: ModelLog) -> str:
    """Return the selection that the first date after the latest plan starts from."""
    latest = log.latest_use(AsKnown.THEN)
    found = log.in_force(latest.plan_date + dt.timedelta(days=1), latest.terms) if latest else None
    return found.entry.version if found else ""


def _entry(entry: Entered) -> Record:
    return {
        "version": entry.version,
        "made_for": entry.made_for,
        "why": entry.why,
        "has_drivers": entry.has_drivers,
        "challenged": entry.standing or None,
        "data_version": entry.data_version,
        "policy_release": entry.policy_release,
        "rules": entry.terms.rules,
        "feature_set": entry.terms.feature_set,
        "as_known": entry.terms.as_known,
        "pins": {segment: pin.model_dump() for segment, pin in entry.pins.items()},
    }


def _show(console: Console, found: Record) -> None:
    rows = [
        [s["made_for"], s["version"][:_SHORT], "in force" if s["in_force"] else "", str(len(s["plan_dates"])), s["why"]]
        for s in found["selections"]
    ]
    console.print(table("Selections of models", ["plan date", "version", "", "plans", "why then"], rows))
    for act in found["acts"]:
        console.print(_told(act), markup=False, soft_wrap=True)
    for one in found["waiting"]:
        what = f"a refit of {', '.join(one['segments'])}; see {one['command']}"
        console.print(f"Waits for a person since {one['asked_for']}: {what}", markup=False, soft_wrap=True)


def _told(act: Record) -> str:
    if act["kind"] == "promoted":
        pin = act["pin"]
        return f"{pin['since']}: {pin['by']} put {pin['model']} into {act['segment']}: {pin['reason']}"
    if act["kind"] == "rolled_back":
        return f"{act['since']}: {act['by']} rolled back to {act['version'][:_SHORT]}: {act['reason']}"
    if act["kind"] in ("refit_approved", "refit_rejected"):
        what = f"the refit of {', '.join(act['segments'])} asked for after {act['asked_for']}"
        return f"{act['since']}: {act['by']} {act['kind'].removeprefix('refit_')} {what}: {act['reason']}"
    return f"after {act['asked_for']}: refit asked for, {', '.join(act['segments'])}: {act['why']}"


def _show_one(console: Console, found: Record) -> None:
    console.print(f"Selection {found['version']} of {found['made_for']}: {found['why']}", markup=False)
    console.print(
        f"Policy {found['policy_release']}, features {found['feature_set']}, data {found['data_version'][:_SHORT]}",
        markup=False,
    )
    numbers = [*_SCORES.values(), *_SHARES.values()]
    for part in found["segments"]:
        rows = [
            [
                score["model"],
                "champion" if score["model"] == part["champion"] else "",
                *(significant(score[name]) for name in _SCORES),
                *(percent(score[name]) for name in _SHARES),
            ]
            for score in part["scores"]
        ]
        console.print(table(part["segment"], ["candidate", "", *numbers], rows, right=numbers))
        console.print(
            f"{part['segment']}: {part['champion']} since {part['since']} by {part['by']}, its means times "
            f"{part['mean_factor']:.3f}; {_why(part)}",
            markup=False,
        )


def _why(part: Record) -> str:
    """Return why a segment has its champion: what the last test found, after what a person said."""
    from assets.forecasting.registry.segment_choice import BACKTEST

    tested = [part["test"]["reason"]] if part["test"] else []
    return "; ".join(tested if tested and part["by"] == BACKTEST else [part["reason"], *tested])
