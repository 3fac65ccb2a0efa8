"""The stages of policy releases as events leave them, and how a release is promoted.

Pure: history and releases in, events out. All releases share one stream, so that one append retires the release
that decided when another becomes active, and exactly one is active whatever runs at once. Not here: taking back
(``rollback``), or the files (``policy.registry``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from assets.governance.events import Event, Evidence, EvidenceKind, StageChanged
from assets.kernel.errors import EquipoiseError
from assets.policy.access import Identity, Permission, require
from assets.policy.release import Release
from assets.policy.stage import PROMOTIONS, Stage
from assets.policy.standing import Standing

EVIDENCE_FOR: Mapping[Stage, EvidenceKind] = {
    Stage.SHADOW: EvidenceKind.BACKTEST,
    Stage.CANARY: EvidenceKind.SHADOW,
    Stage.ACTIVE: EvidenceKind.CANARY,
}
"""What must speak for a release before it comes to a stage."""
INSTEAD: Mapping[EvidenceKind, EvidenceKind] = {EvidenceKind.BACKTEST: EvidenceKind.SIMULATION}
"""What may speak for it in place of that: a draft that was found by simulation was never anything else."""
ALONE = (Stage.CANARY, Stage.ACTIVE)
"""Stages at which there is one release at most."""


def standings(history: Iterable[Event]) -> Mapping[str, Standing]:
    """Return, by name, where events left releases; what ``PolicyRegistry(stages=...)`` wants."""
    found: dict[str, Standing] = {}
    for event in history:
        if isinstance(event, StageChanged):
            # A draft may still be written; from the shadow on the content is fixed.
            if event.after is Stage.DRAFT:
                found.pop(event.release, None)
            else:
                found[event.release] = Standing(event.after, event.content_hash)
    return found


def evidence_of(history: Iterable[Event], release: Release) -> tuple[Evidence, ...]:
    """Return all evidence that was recorded for a release's content, oldest first."""
    return tuple(
        evidence
        for event in history
        if isinstance(event, StageChanged) and event.content_hash == release.content_hash
        for evidence in event.evidence
    )


def promote(
    history: Sequence[Event],
    name: str,
    releases: Sequence[Release],
    *,
    by: Identity,
    at: dt.datetime,
    why: str,
    evidence: tuple[Evidence, ...] = (),
) -> tuple[Event, ...]:
    """Move a release one stage on.

    Parameters
    ----------
    history : iterable of events
        Of the stream ``releases``.
    name : str
        Name of the release.
    releases : sequence of Release
        All releases at their stages, as ``PolicyRegistry.releases`` returns them, which also judges whether
        their parents are there and their contents unchanged.
    by : Identity
        Who promotes it.
    at : datetime
        UTC, for the audit.
    why : str
        The reason.
    evidence : tuple of Evidence
        What speaks for it, kept with the event.

    Raises
    ------
    EquipoiseError
        If they may not, if there is no next stage, if the evidence for it is missing, if another release is
        canary already, or if who brought it in or wrote it would make it active.
    """
    release = release_named(name, releases)
    after = PROMOTIONS.get(release.stage)
    if after is None:
        raise _refused(
            release, f"it is {release.stage}, which has no next stage", "Promote a draft, a shadow or a canary"
        )
    require(by, Permission.DRAFT_RELEASE if after is Stage.SHADOW else Permission.PROMOTE_RELEASE)
    _require_reason(release, why)
    _require_evidence(release, after, (*evidence_of(history, release), *evidence))
    if after is Stage.ACTIVE:
        _require_another_than_author(history, release, by)
    changes = [change(release, after, by.person, at, why, evidence)]
    for other in releases:
        if other.stage is after and after in ALONE:
            if after is Stage.CANARY:
                raise _refused(release, f"{other.name} is canary already", f"Promote or roll back {other.name} first")
            changes.append(change(other, Stage.RETIRED, by.person, at, f"{release.version} became active"))
    return (*_pinned(history, after, releases, by.person, at), *changes)


def retire(name: str, releases: Sequence[Release], *, by: Identity, at: dt.datetime, why: str) -> tuple[Event, ...]:
    """Retire a draft or a shadow, which nothing depends on; what decides is rolled back instead.

    Raises
    ------
    EquipoiseError
        If they may not, or if the release decides or is retired.
    """
    require(by, Permission.DRAFT_RELEASE)
    release = release_named(name, releases)
    _require_reason(release, why)
    if release.stage not in (Stage.DRAFT, Stage.SHADOW):
        raise _refused(release, f"it is {release.stage}", "Roll back a canary or the active release instead")
    return (change(release, Stage.RETIRED, by.person, at, why),)


def release_named(name: str, releases: Sequence[Release]) -> Release:
    """Return a release by name or version.

    Raises
    ------
    EquipoiseError
        If there is none.
    """
    for release in releases:
        if name in (release.name, release.version):
            return release
    raise EquipoiseError(
        "there is no such release", where=f"policy release {name}", remedy="List them with `equipoise policy list`"
    )


def change(
    release: Release, after: Stage, by: str, at: dt.datetime, why: str, evidence: tuple[Evidence, ...] = ()
) -> StageChanged:
    """Return the event that takes a release to a stage with the content that it has."""
    return StageChanged(
        release.name, release.version, release.content_hash, release.stage, after, by, at, why, evidence
    )


def _pinned(
    history: Sequence[Event], after: Stage, releases: Sequence[Release], by: str, at: dt.datetime
) -> tuple[Event, ...]:
    """Return the event that fixes the content of the release that decides, where none did.

    A shipped release is active without an event; before another decides beside it, what it was is written down.
    """
    known = standings(history)
    if after is not Stage.CANARY:
        return ()
    return tuple(
        change(other, Stage.ACTIVE, by, at, "decides beside a canary from now on")
        for other in releases
        if other.stage is Stage.ACTIVE and other.name not in known
    )


def _require_evidence(release: Release, after: Stage, evidence: Sequence[Evidence]) -> None:
    wanted = EVIDENCE_FOR[after]
    speaks = {wanted, INSTEAD.get(wanted, wanted)}
    empty = [one for one in evidence if one.kind in speaks and not (one.figures and one.source)]
    if empty:
        raise _refused(release, f"evidence of kind {empty[0].kind} has no numbers or no source", "Attach both")
    if speaks.isdisjoint(one.kind for one in evidence):
        raise _refused(
            release, f"no {wanted} speaks for it, and {after} needs one", f"Attach its {wanted} with --evidence"
        )


def brought_by(history: Iterable[Event], release: Release) -> str:
    """Return who brought a release's content into the ledger first; empty if nobody did.

    That is who answers for it as its author: the file says what anybody writes into it, before and after.
    """
    changes = (event for event in history if isinstance(event, StageChanged))
    ours = (event.by for event in changes if event.content_hash == release.content_hash and event.before is Stage.DRAFT)
    return next(ours, "")


def _require_another_than_author(history: Iterable[Event], release: Release, by: Identity) -> None:
    for author, did in ((brought_by(history, release), "brought it in"), (release.author, "wrote it")):
        if author and by.person.partition("#")[0] == author.partition("#")[0]:
            raise _refused(
                release, f"{author} {did}, and nobody makes their own active", "Let another admin promote it"
            )


def _require_reason(release: Release, why: str) -> None:
    if not why.strip():
        raise _refused(release, "no reason was given", "Say why with --reason")


def _refused(release: Release, what: str, remedy: str) -> EquipoiseError:
    return EquipoiseError(what, where=f"policy release {release.name}", remedy=remedy)
