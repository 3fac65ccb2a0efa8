"""People of a tiny network, who act by tokens, and rows that make one of its items sensitive."""

import datetime as dt
from collections.abc import Callable
from contextlib import closing

from unit.cli.tiny_network import AT, PLAN_DATE, grant, open_tiny

from assets.governance.events import ACCESS
from assets.governance.ledger_log import LedgerLog
from assets.governance.tokens import issue_token
from assets.kernel.home import NetworkHome
from assets.policy.access import Identity, Role

As = Callable[[str], None]
CHEAP = 2**4
"""N of scrypt, so that a test takes milliseconds."""


def token_for(home: NetworkHome, person: str, *roles: Role) -> str:
    """Give a person roles and return a token that stands for them."""
    for role in roles:
        grant(home, person, role)
    admin = Identity("first#0", frozenset({Role.ADMIN}))
    until = PLAN_DATE + dt.timedelta(days=30)
    made = issue_token(person, by=admin, at=AT, expires_on=until, cost=CHEAP)
    with closing(open_tiny(home)) as store:
        log = LedgerLog(store)
        log.append(ACCESS, len(log.history(ACCESS)), [made.event])
    return made.text
