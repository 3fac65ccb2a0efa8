"""Tokens: secrets that stand for a person where no operating-system user does.

A token is shown once, when it is issued. What is kept is its public id and a salted scrypt hash of its secret
(RFC 7914). Not here: who may issue one beyond asking (``policy.access``), or roles (``grants``).
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from assets.governance.events import TokenIssued
from assets.governance.grants import AccessBook, require_person
from assets.kernel.errors import EquipoiseError
from assets.policy.access import Identity, Permission, require

DEFAULT_COST = 2**14
_BLOCK, _LANES = 8, 1
_SECRET_BYTES, _SALT_BYTES, _ID_BYTES = 32, 16, 6
_FORM = re.compile(r"eqp_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True)
class NewToken:
    """A token in the one moment in which it can be shown.

    Attributes
    ----------
    text : str
        What goes into ``EQUIPOISE_TOKEN``; it is kept nowhere.
    event : TokenIssued
        What is recorded.
    """

    text: str
    event: TokenIssued

    def __repr__(self) -> str:
        """Name the token without its secret, so that no log ever holds it."""
        return f"NewToken({self.event.token_id})"


class TokenFault(EquipoiseError):  # noqa: N818 - a state of the world, not a fault of the program
    """A token was shown that stands for nobody.

    Attributes
    ----------
    token_id : str
        Its public id; ``malformed`` where it has none.
    """

    def __init__(self, token_id: str, what: str) -> None:
        super().__init__(what, where=f"EQUIPOISE_TOKEN, token {token_id}", remedy="Ask an admin for a new token")
        self.token_id = token_id


def issue_token(
    person: str,
    *,
    by: Identity,
    at: dt.datetime,
    expires_on: dt.date,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    cost: int = DEFAULT_COST,
) -> NewToken:
    """Make a token for a person.

    Parameters
    ----------
    person : str
        Whom it stands for.
    by : Identity
        Who issues it.
    at : datetime
        UTC, for the audit.
    expires_on : date
        First day on which it stands for nobody.
    random_bytes : callable
        Source of chance; the operating system's, but for tests.
    cost : int
        N of scrypt, a power of two.

    Raises
    ------
    EquipoiseError
        If the issuer may not, or if the person's name is not one.
    """
    require(by, Permission.GRANT_ROLES)
    require_person(person)
    token_id = random_bytes(_ID_BYTES).hex()
    secret = base64.urlsafe_b64encode(random_bytes(_SECRET_BYTES)).decode().rstrip("=")
    salt = random_bytes(_SALT_BYTES).hex()
    event = TokenIssued(token_id, person, salt, _hash(secret, salt, cost), cost, expires_on, by.person, at)
    return NewToken(f"eqp_{token_id}_{secret}", event)


def person_of_token(text: str, book: AccessBook, today: dt.date) -> TokenIssued:
    """Return the token that a text is; its ``person`` is who shows it.

    Raises
    ------
    TokenFault
        If it is no token, is unknown, revoked or expired, or has another secret.
    """
    form = _FORM.fullmatch(text.strip())
    if form is None:
        raise TokenFault("malformed", "it has not the form of a token")
    token_id, secret = form.groups()
    token = book.tokens.get(token_id)
    if token is None:
        raise TokenFault(token_id, "it was never issued here, or was revoked")
    if not hmac.compare_digest(_hash(secret, token.salt, token.cost), token.secret_hash):
        raise TokenFault(token_id, "its secret is wrong")
    if today >= token.expires_on:
        raise TokenFault(token_id, f"it expired on {token.expires_on}")
    return token


def _hash(secret: str, salt: str, cost: int) -> str:
    memory = 2 * 128 * cost * _BLOCK
    return hashlib.scrypt(
        secret.encode(), salt=bytes.fromhex(salt), n=cost, r=_BLOCK, p=_LANES, maxmem=memory, dklen=32
    ).hex()
