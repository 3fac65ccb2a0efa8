"""People of a tiny network, who act by tokens, and rows that make one of its items sensitive."""

import datetime as dt
from collections.abc import Callable
from contextlib import closing
from typing import Any

import yaml
from unit.cli.tiny_network import AT, grant, open_tiny

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
    until = home.profile.clock.today() + dt.timedelta(days=30)
    made = issue_token(person, by=admin, at=AT, expires_on=until, cost=CHEAP)
    with closing(open_tiny(home)) as store:
        log = LedgerLog(store)
        log.append(ACCESS, len(log.history(ACCESS)), [made.event])
    return made.text


def write_release(home: NetworkHome, shown: dict[str, Any], name: str, **sections: dict[str, Any]) -> None:
    """Write a release of the network's own, made from one as `policy show` tells it, with other rules in sections."""
    untold = {"version", "history", "stage"}
    content = {key: value for key, value in shown.items() if key not in untold and value is not None}
    content |= {"name": name, "parent": shown["version"], "author": "ada"}
    for section, rules in sections.items():
        content[section] = {**content[section], **rules}
    home.policies.mkdir(exist_ok=True)
    (home.policies / f"{name}.yaml").write_text(yaml.safe_dump(content))
