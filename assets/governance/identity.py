"""Who is at the keyboard: the operating-system user by uid, or the person that a token stands for.

The environment never says who somebody is (``USER`` is anybody's to set); it can only carry a token. Not here:
what they may do (``policy.access``).
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from assets.governance.grants import AccessBook
from assets.governance.tokens import TokenFault, person_of_token
from assets.kernel.errors import EquipoiseError
from assets.policy.access import Identity, Role

TOKEN_VARIABLE = "EQUIPOISE_TOKEN"
NameOfUid = Callable[[int], str]


@dataclass(frozen=True)
class OsUser:
    """A user of the operating system."""

    uid: int
    name: str

    @property
    def person(self) -> str:
        """How grants name them: by both, so that a new name or a reused uid is another person."""
        return f"{self.name}#{self.uid}"


def system_name(uid: int) -> str:
    """Return the name that the operating system has for a uid; empty if none."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""


def current_user(name_of: NameOfUid = system_name) -> OsUser:
    """Return the user that this process runs as. A uid without a name (a container's) is named ``uid``."""
    uid = os.getuid()
    return OsUser(uid, name_of(uid) or "uid")


def owner_of(home: Path, name_of: NameOfUid = system_name) -> OsUser:
    """Return the user who owns a home.

    Raises
    ------
    EquipoiseError
        If there is no such folder.
    """
    try:
        uid = home.stat().st_uid
    except OSError as error:
        raise EquipoiseError(
            f"its owner is unknown: {error.strerror}", where=str(home), remedy="Make it, or set EQUIPOISE_HOME"
        ) from error
    return OsUser(uid, name_of(uid) or "uid")


def person_by_name(word: str) -> str:
    """Return how grants name somebody: ``ada`` is ``ada#1000`` where the operating system knows her, else ``ada``."""
    import pwd

    try:
        return word if "#" in word else OsUser(pwd.getpwnam(word).pw_uid, word).person
    except KeyError:
        return word


def identify(
    book: AccessBook,
    *,
    user: OsUser,
    owner: OsUser,
    environ: Mapping[str, str],
    today: dt.date,
    name_of: NameOfUid = system_name,
) -> Identity:
    """Return who acts, with their roles.

    A token, where there is one, decides alone: a bad one is an error and never falls back to the user. While
    nobody was ever granted a role, the user who owns the home is admin, and the identity's note says so.

    Parameters
    ----------
    book : AccessBook
        Grants and tokens.
    user, owner : OsUser
        Whom the process runs as, and who owns the home.
    environ : dict
        The environment, of which only the token is read.
    today : date
        By the clock.
    name_of : callable
        The operating system's name of a uid.

    Raises
    ------
    TokenFault
        If the token stands for nobody.
    """
    text = environ.get(TOKEN_VARIABLE, "")
    if text:
        token = person_of_token(text, book, today)
        if not still_named(token.person, name_of):
            raise TokenFault(token.token_id, f"{token.person} is no user of this machine any more")
        return Identity(token.person, book.roles_of(token.person), f"token {token.token_id}")
    if not book.ever_granted and user.uid == owner.uid:
        note = f"Nobody has been granted a role yet, so {user.person}, who owns the home, is admin."
        return Identity(user.person, frozenset({Role.ADMIN}), note=note)
    return Identity(user.person, book.roles_of(user.person))


def still_named(person: str, name_of: NameOfUid = system_name) -> bool:
    """Tell whether the operating system still has a person's uid under their name; people without uid always are."""
    name, _, uid = person.partition("#")
    return not uid or (name_of(int(uid)) or "uid") == name
