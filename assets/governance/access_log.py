"""What is written down of access: every use of sensitive data, and everything that was refused.

Not here: what may be seen (``policy.masking``) or done (``policy.access``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from assets.governance.events import (
    Event,
    PermissionRefused,
    SensitiveRead,
    TokenRefused,
)
from assets.governance.log import GovernanceLog, settle
from assets.governance.tokens import TokenFault
from assets.kernel.clock import Clock
from assets.policy.access import Identity, NotPermitted, Permission
from assets.policy.masking import masked, sensitive_in
from assets.policy.oversight import MaskingRules

Shown = TypeVar("Shown")


@contextmanager
def refusals_logged(log: GovernanceLog, clock: Clock, what: str) -> Iterator[None]:
    """Write down who is refused what inside, and let the refusal go on.

    Parameters
    ----------
    log : GovernanceLog
        Where it is written.
    clock : Clock
        For the audit's time.
    what : str
        The command or asset, as a person would name it.
    """
    try:
        yield
    except NotPermitted as refusal:
        _write(log, PermissionRefused(refusal.person, refusal.permission, what, clock.now()))
        raise
    except TokenFault as fault:
        _write(log, TokenRefused(f"token {fault.token_id}", fault.what, clock.now()))
        raise


def shown_to(
    identity: Identity,
    shown: Shown,
    sensitive_items: Iterable[str],
    rules: MaskingRules,
    *,
    log: GovernanceLog,
    clock: Clock,
    what: str,
) -> Shown:
    """Return what somebody may see, and write down that they saw sensitive items where they did.

    The one way out for tables, records and texts of the command line and whatever else people read.

    Parameters
    ----------
    identity : Identity
        Who reads.
    shown : DataFrame, dict, list, tuple, dataclass or str
        What would be shown.
    sensitive_items : iterable of str
        Ids of all sensitive items of the network, not only of those in ``shown``.
    rules : MaskingRules
        Of the active release.
    log, clock
        Where and with which time a use is written down; first that, then it is shown.
    what : str
        The command or page, as a person would name it.
    """
    items = frozenset(sensitive_items)
    if not identity.may(Permission.READ_SENSITIVE):
        return masked(shown, items, may_see=False, rules=rules)
    log_sensitive_read(log, clock, identity, what, sensitive_in(shown, items))
    return shown


def log_sensitive_read(
    log: GovernanceLog, clock: Clock, identity: Identity, what: str, item_ids: Iterable[str]
) -> Sequence[Event]:
    """Write down that somebody saw sensitive items unmasked; nothing where there were none.

    To be called before they see anything: what cannot be written down is not shown.
    """
    seen = tuple(sorted(set(item_ids)))
    return _write(log, SensitiveRead(identity.person, what, seen, clock.now())) if seen else ()


def _write(log: GovernanceLog, event: SensitiveRead | PermissionRefused | TokenRefused) -> Sequence[Event]:
    return settle(log, event.stream, lambda _: (event,))
