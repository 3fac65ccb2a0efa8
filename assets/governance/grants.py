"""Who has which role: grants, revocations, people who left, and the tokens that stand for people.

Here: the commands, pure (history in, events out), and the book that events make. Not here: what a role may do
(``policy.access``), who is at the keyboard (``identity``), or the secrets of tokens (``tokens``).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from assets.governance.events import (
    Event,
    PersonRemoved,
    RoleGranted,
    RoleRevoked,
    TokenIssued,
    TokenRevoked,
)
from assets.kernel.errors import EquipoiseError
from assets.policy.access import Identity, Permission, Role, require

_PERSON = re.compile(r"[^\W_][\w.@-]*(#\d+)?")
RESERVED = frozenset({"policy", "guard", "equipoise"})
"""Names under which rules sign; nobody else may bear them."""


@dataclass(frozen=True)
class AccessBook:
    """Access as its events left it.

    Attributes
    ----------
    roles : dict
        Person to roles; nobody without a role.
    tokens : dict
        Token id to the token, of those that were not revoked.
    ever_granted : bool
        Whether anybody was ever granted a role, so that the owner of the home is admin no longer.
    """

    roles: Mapping[str, frozenset[Role]] = field(default_factory=dict)
    tokens: Mapping[str, TokenIssued] = field(default_factory=dict)
    ever_granted: bool = False

    def roles_of(self, person: str) -> frozenset[Role]:
        """Return what a person is; nothing for a stranger."""
        return self.roles.get(person, frozenset())

    def people_that_may(self, permission: Permission) -> frozenset[str]:
        """Return everybody whose roles allow something."""
        return frozenset(person for person, roles in self.roles.items() if Identity(person, roles).may(permission))


def access_book(events: Iterable[Event]) -> AccessBook:
    """Return access after the events of the stream ``access``."""
    roles: dict[str, frozenset[Role]] = {}
    tokens: dict[str, TokenIssued] = {}
    ever_granted = False
    for event in events:
        match event:
            case RoleGranted(person, role):
                roles[person] = roles.get(person, frozenset()) | {role}
                ever_granted = True
            case RoleRevoked(person, role):
                roles[person] = roles.get(person, frozenset()) - {role}
            case PersonRemoved(person):
                roles.pop(person, None)
                tokens = {name: token for name, token in tokens.items() if token.person != person}
            case TokenIssued(token_id):
                tokens[token_id] = event
            case TokenRevoked(token_id):
                tokens.pop(token_id, None)
    return AccessBook({person: held for person, held in roles.items() if held}, tokens, ever_granted)


def grant(
    history: Iterable[Event], person: str, role: Role, *, by: Identity, at: dt.datetime, why: str
) -> tuple[Event, ...]:
    """Give a person a role; nothing happens where they have it.

    The first grant of all also records the one who gives it as admin, because the owner of the home is admin
    only while nobody was granted anything.

    Raises
    ------
    EquipoiseError
        If the giver may not, or if the person's name is not one.
    """
    require(by, Permission.GRANT_ROLES)
    require_person(person)
    book = access_book(history)
    events: list[Event] = []
    if not book.ever_granted and (person, role) != (by.person, Role.ADMIN):
        events.append(RoleGranted(by.person, Role.ADMIN, by.person, at, "owner of the home, by the first grant"))
    if role not in book.roles_of(person):
        events.append(RoleGranted(person, role, by.person, at, _told(why)))
    return tuple(events)


def revoke(
    history: Iterable[Event], person: str, role: Role, *, by: Identity, at: dt.datetime, why: str
) -> tuple[Event, ...]:
    """Take a role from a person; nothing happens where they have it not.

    Raises
    ------
    EquipoiseError
        If the taker may not, or if nobody would be admin any more.
    """
    require(by, Permission.GRANT_ROLES)
    book = access_book(history)
    if role not in book.roles_of(person):
        return ()
    if role is Role.ADMIN:
        _require_another_admin(book, person)
    return (RoleRevoked(person, role, by.person, at, _told(why)),)


def remove_person(
    history: Iterable[Event], person: str, *, by: Identity, at: dt.datetime, why: str
) -> tuple[Event, ...]:
    """Take every role and token from a person who left or goes by another name.

    Raises
    ------
    EquipoiseError
        If the remover may not, or if nobody would be admin any more.
    """
    require(by, Permission.GRANT_ROLES)
    book = access_book(history)
    if Role.ADMIN in book.roles_of(person):
        _require_another_admin(book, person)
    if not book.roles_of(person) and person not in {token.person for token in book.tokens.values()}:
        return ()
    return (PersonRemoved(person, by.person, at, _told(why)),)


def revoke_token(
    history: Iterable[Event], token_id: str, *, by: Identity, at: dt.datetime, why: str
) -> tuple[Event, ...]:
    """Make a token stand for nobody; a person may revoke their own, an admin any.

    Raises
    ------
    EquipoiseError
        If there is no such token, or if it is another person's and the revoker may not.
    """
    token = access_book(history).tokens.get(token_id)
    if token is None or token.person != by.person:
        require(by, Permission.GRANT_ROLES)
    if token is None:
        raise EquipoiseError(
            "there is no such token", where=f"token {token_id}", remedy="List them with `equipoise access list`"
        )
    return (TokenRevoked(token_id, by.person, at, _told(why)),)


def require_person(person: str) -> None:
    """Let the name of a person pass: ``name#uid``, or a name for tokens.

    Raises
    ------
    EquipoiseError
        If it is none, or one that rules sign with.
    """
    if not _PERSON.fullmatch(person) or person.partition("#")[0] in RESERVED:
        raise EquipoiseError(
            f"{person!r} cannot be the name of a person", where="access",
            remedy="Use NAME#UID of an operating-system user, or a name of letters, digits, dots and hyphens",
        )  # fmt: skip


def _require_another_admin(book: AccessBook, person: str) -> None:
    if not any(Role.ADMIN in held for other, held in book.roles.items() if other != person):
        raise EquipoiseError(
            f"{person} is the last admin", where="access", remedy="Grant the role admin to somebody else first"
        )


def _told(why: str) -> str:
    told = " ".join(why.split())
    if not told:
        raise EquipoiseError("no reason was given", where="access", remedy="Say why with --reason")
    return told
