"""`equipoise access`: who has which role, tokens, and what was seen and refused.

Not here: the rules of grants (``governance.grants``) and tokens (``governance.tokens``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from assets.kernel.errors import EquipoiseError
from assets.kernel.telling import Record, plain
from assets.policy.access import Permission, Role
from orchestration.cli.command import command, parse_date
from orchestration.cli.console import Output, table

if TYPE_CHECKING:
    from assets.governance.events import Event
    from assets.orders.store import Recorded
    from orchestration.access import Access

access = typer.Typer(add_completion=False, no_args_is_help=True, help="Say who may do what, and see who did.")
Person = Annotated[str, typer.Argument(metavar="PERSON", help="A user here, NAME#UID, or a name for tokens.")]
Granted = Annotated[Role, typer.Argument(metavar="ROLE", help="viewer, planner, approver, operator or admin.")]
Reason = Annotated[str, typer.Option("--reason", help="Why.")]
TOKEN_DAYS = 90


@access.command("list")
@command(needs=Permission.READ_ORDERS)
def list_people(out: Output) -> None:
    """List who has which role, who you are, and the tokens that you may know of."""
    found = gather(out.access)
    out.answer(found, lambda console: _show(console, found))


@access.command("grant")
@command(needs=Permission.GRANT_ROLES)
def grant_role(out: Output, person: Person, role: Granted, reason: Reason) -> None:
    """Give a person a role."""
    from assets.governance.grants import grant

    at = out.access
    _settled(out, lambda history: grant(history, _named(person), role, by=at.identity, at=at.clock.now(), why=reason))


@access.command("revoke")
@command(needs=Permission.GRANT_ROLES)
def revoke_role(out: Output, person: Person, role: Granted, reason: Reason) -> None:
    """Take a role from a person."""
    from assets.governance.grants import revoke

    at = out.access
    _settled(out, lambda history: revoke(history, _named(person), role, by=at.identity, at=at.clock.now(), why=reason))


@access.command("remove")
@command(needs=Permission.GRANT_ROLES)
def remove(out: Output, person: Person, reason: Reason) -> None:
    """Take every role and token from a person who left."""
    from assets.governance.grants import remove_person

    at = out.access
    _settled(out, lambda history: remove_person(history, _named(person), by=at.identity, at=at.clock.now(), why=reason))


@access.command("token")
@command(needs=Permission.READ_ORDERS)
def token(
    out: Output,
    person: Annotated[str | None, typer.Argument(metavar="[PERSON]", help="Whom it stands for.")] = None,
    until: Annotated[
        dt.date | None,
        typer.Option("--until", parser=parse_date, metavar="YYYY-MM-DD", help=f"{TOKEN_DAYS} days if not given."),
    ] = None,
    revoke: Annotated[str | None, typer.Option("--revoke", metavar="ID", help="Make this token void instead.")] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why it is revoked.")] = "",
) -> None:
    """Issue a token that stands for a person, shown once; or revoke one, your own or as an admin any."""
    from assets.governance.grants import revoke_token

    at = out.access
    if (person is None) == (revoke is None):
        raise typer.BadParameter("give a person, or --revoke and a token")
    if revoke is not None:
        _settled(
            out, lambda history: revoke_token(history, revoke, by=at.identity, at=at.clock.now(), why=reason)
        )  # fmt: skip
        return
    _issue(out, str(person), until or at.today + dt.timedelta(days=TOKEN_DAYS))


@access.command("log")
@command(needs=Permission.READ_ACCESS_LOG)
def show_log(
    out: Output, person: Annotated[str | None, typer.Argument(metavar="[PERSON]", help="Only of them.")] = None
) -> None:
    """List grants, refusals, and who saw which sensitive items; of all people it reads the whole ledger."""
    found = gather_log(out.access, person)
    out.answer(found, lambda console: _show_log(console, found))


def gather(at: Access) -> Record:
    """Return who has which role; tokens of others only for those who may grant."""
    from assets.governance.events import ACCESS
    from assets.governance.grants import access_book
    from orchestration.access import describe

    book = access_book(at.log.history(ACCESS))
    all_of_them = at.identity.may(Permission.GRANT_ROLES)
    tokens = [one for one in book.tokens.values() if all_of_them or one.person == at.identity.person]
    return plain(  # type: ignore[no-any-return]
        {
            "you": describe(at.identity),
            "people": [{"person": who, "roles": sorted(book.roles[who])} for who in sorted(book.roles)],
            "tokens": [
                {"token": one.token_id, "person": one.person, "expires_on": one.expires_on, "by": one.by}
                for one in tokens
            ],
        }
    )


def gather_log(at: Access, person: str | None) -> list[Record]:
    """Return what is known of access, newest first: of a person, or of all."""
    from assets.governance.events import ACCESS, access_log_of

    if person is None:
        entries = [one for one in _every_event(at) if one.stream == ACCESS or one.stream.startswith(access_log_of(""))]
    else:
        own = [*at.store.history(access_log_of(_named(person)))]
        entries = own + [one for one in at.store.history(ACCESS) if getattr(one.event, "person", "") == _named(person)]
    hidden = {"salt", "secret_hash", "cost", "at"}
    return [
        plain(
            {
                "position": one.position, "at": one.recorded_at, "event": type(one.event).__name__,
                **{key: value for key, value in vars(one.event).items() if key not in hidden},
            }
        )
        for one in sorted(entries, key=lambda one: -one.position)
    ]  # fmt: skip


def _every_event(at: Access) -> Iterator[Recorded]:
    after, page = 0, 5000
    while found := at.store.events(after, page):
        yield from found
        after = found[-1].position


def _issue(out: Output, person: str, expires_on: dt.date) -> None:
    from assets.governance.events import ACCESS
    from assets.governance.log import settle
    from assets.governance.tokens import issue_token

    at = out.access
    if expires_on <= at.today:
        raise EquipoiseError(f"it would expire on {expires_on}", where="--until", remedy=f"Give a day after {at.today}")
    made = issue_token(_named(person), by=at.identity, at=at.clock.now(), expires_on=expires_on)
    settle(at.log, ACCESS, lambda _: (made.event,))
    told = {
        "token": made.text, "token_id": made.event.token_id, "person": made.event.person,
        "expires_on": expires_on.isoformat(),
    }  # fmt: skip
    out.say(f"Token {made.event.token_id} stands for {made.event.person} until {expires_on}; it is shown this once.")
    out.answer(told, lambda console: console.print(made.text, markup=False, soft_wrap=True))


def _settled(out: Output, decide: Callable[[tuple[Event, ...]], tuple[Event, ...]]) -> None:
    from assets.governance.events import ACCESS
    from assets.governance.log import settle

    done = settle(out.access.log, ACCESS, decide)
    found = gather(out.access)
    if not done:
        out.say("Nothing changed.")
    out.answer(found, lambda console: _show(console, found))


def _named(word: str) -> str:
    from assets.governance.identity import person_by_name

    return person_by_name(word)


def _show(console: Console, found: Record) -> None:
    you = found["you"]
    console.print(f"You are {you['person']} ({', '.join(you['roles'])}), by {you['via']}.", markup=False)
    console.print(table("Roles", ["person", "roles"], [[one["person"], one["roles"]] for one in found["people"]]))
    if found["tokens"]:
        rows = [[one["token"], one["person"], one["expires_on"], one["by"]] for one in found["tokens"]]
        console.print(table("Tokens", ["token", "stands for", "until", "issued by"], rows))


def _show_log(console: Console, found: list[Record]) -> None:
    known = {"position", "at", "event", "person"}
    rows = [
        [str(one["position"]), one["at"][:19], one["event"], one.get("person", ""),
         ", ".join(f"{key} {value}" for key, value in one.items() if key not in known and value)]
        for one in found
    ]  # fmt: skip
    console.print(table("Access", ["position", "when", "what", "person", ""], rows))
