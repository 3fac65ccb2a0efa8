"""Roles, what each may do, and the one place that says yes or no.

Here: the closed lists of roles and permissions, the table between them, and ``require``. Not here: who has
which role (``governance.grants``), or who somebody is (``governance.identity``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from assets.kernel.errors import EquipoiseError


class Role(StrEnum):
    """What somebody is to the network."""

    VIEWER = "viewer"
    PLANNER = "planner"
    APPROVER = "approver"
    OPERATOR = "operator"
    ADMIN = "admin"


class Permission(StrEnum):
    """What can be done here. Every command and every asset that acts needs one."""

    READ_ORDERS = "read orders"
    READ_SENSITIVE = "read sensitive items"
    READ_ACCESS_LOG = "read the access log"
    LAND_DATA = "land data"
    PLAN = "plan"
    OVERRIDE = "override orders"
    APPROVE = "approve orders"
    REJECT = "reject orders"
    CANCEL = "cancel orders"
    DISPATCH = "dispatch orders"
    RECONCILE = "reconcile with the other side"
    PAUSE = "pause and resume"
    DRAFT_RELEASE = "move a release to draft or shadow"
    PROMOTE_RELEASE = "promote a release"
    ROLL_BACK_RELEASE = "roll back a release"
    GRANT_ROLES = "grant roles and issue tokens"
    VERIFY_LEDGER = "verify the ledger"


_P = Permission
_VIEWER = frozenset({_P.READ_ORDERS})
_PLANNER = _VIEWER | {_P.LAND_DATA, _P.PLAN, _P.OVERRIDE, _P.REJECT, _P.PAUSE, _P.DRAFT_RELEASE}
_APPROVER = _VIEWER | {_P.READ_SENSITIVE, _P.APPROVE, _P.REJECT, _P.CANCEL, _P.PAUSE}
_OPERATOR = _VIEWER | {
    _P.LAND_DATA, _P.PLAN, _P.CANCEL, _P.DISPATCH, _P.RECONCILE, _P.PAUSE, _P.ROLL_BACK_RELEASE, _P.VERIFY_LEDGER,
}  # fmt: skip

PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: _VIEWER,
    Role.PLANNER: _PLANNER,
    Role.APPROVER: _APPROVER,
    Role.OPERATOR: _OPERATOR,
    Role.ADMIN: frozenset(Permission),
}
"""What each role may do; somebody with several roles may do what any of them may."""


@dataclass(frozen=True)
class Identity:
    """Somebody, as this process knows them.

    Attributes
    ----------
    person : str
        ``name#uid`` of an operating-system user, or the name that a token was issued to.
    roles : frozenset of Role
        What they are; empty for a stranger.
    via : str
        ``os`` or ``token <id>``: how they were recognised.
    note : str
        What should be said about it once; empty if nothing.
    """

    person: str
    roles: frozenset[Role] = frozenset()
    via: str = "os"
    note: str = ""

    @property
    def permissions(self) -> frozenset[Permission]:
        """All that they may do."""
        return frozenset().union(*(PERMISSIONS[role] for role in self.roles))

    def may(self, permission: Permission) -> bool:
        """Tell whether they may do something."""
        return permission in self.permissions


class NotPermitted(EquipoiseError):  # noqa: N818 - a state of the world, not a fault of the program
    """Somebody asked for what none of their roles allows.

    Attributes
    ----------
    person : str
        Who.
    permission : Permission
        What they would have needed.
    """

    def __init__(self, identity: Identity, permission: Permission) -> None:
        roles = " and ".join(sorted(identity.roles)) or "nobody here"
        would_do = " or ".join(roles_that_may(permission))
        super().__init__(
            f"{identity.person} is {roles} and may not {permission}",
            where="access",
            remedy=f"Ask an admin for the role {would_do} (`equipoise access grant`)",
        )
        self.person = identity.person
        self.permission = permission


def roles_that_may(permission: Permission) -> tuple[Role, ...]:
    """Return the roles that allow something, the least powerful first."""
    return tuple(sorted((r for r in Role if permission in PERMISSIONS[r]), key=lambda r: len(PERMISSIONS[r])))


def require(identity: Identity, permission: Permission) -> None:
    """Let somebody pass who may do something.

    Raises
    ------
    NotPermitted
        If none of their roles allows it; the error names the roles that would.
    """
    if not identity.may(permission):
        raise NotPermitted(identity, permission)
