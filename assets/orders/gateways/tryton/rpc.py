"""Calls to a Tryton server, as JSON-RPC over HTTP: who we are there, values on the wire, and what went wrong.

Each call is one transaction of the server's. ``read`` changes nothing there, so that one without an answer may
be made again; ``change`` may have been carried out when no answer comes. Not here: what is asked (``gateway``).
"""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from assets.kernel.errors import EquipoiseError
from assets.orders.gateways.port import NotSent, NotUnderstood, OutcomeUnknown
from assets.orders.gateways.webhook_exchange import retry_after_s, safe_url

_NEVER_WRITTEN = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_ASK = "Ask for the order before sending it again"


class Declined(EquipoiseError):  # noqa: N818 - an answer, not a fault
    """The server's rules forbid the change; nothing was changed."""


class Moved(EquipoiseError):  # noqa: N818
    """Somebody changed the record since it was read; nothing was changed."""


@dataclass(frozen=True)
class Credentials:
    """Who we are on the server.

    Attributes
    ----------
    user : str
        Login of the user that is there for us alone.
    key : str
        Its password; in no text that is shown.
    """

    user: str
    key: str = field(repr=False)

    @classmethod
    def from_file(cls, user: str, file: Path) -> Credentials:
        """Return credentials whose key is the content of a file that only its owner can read.

        Raises
        ------
        EquipoiseError
            If there is no such file, or others can read it.
        """
        try:
            mode, key = file.stat().st_mode, file.read_text().strip()
        except OSError as error:
            raise EquipoiseError(
                f"the key cannot be read: {error.strerror}",
                where=str(file),
                remedy="Run `make erp`, or put the key there",
            ) from error
        if mode & 0o077:
            raise EquipoiseError("others can read the key", where=str(file), remedy=f"chmod 600 {file}")
        return cls(user, key)


class Rpc:
    """A session on one database of a server; it begins with the first call and is renewed when it has ended.

    Parameters
    ----------
    url : str
        Of the server; TLS is required unless it is of this machine.
    database : str
        Name of the database.
    credentials : Credentials
        Who we are there.
    timeout_s : float
        Longest wait for a connection, and between two pieces of an answer.
    transport : httpx.BaseTransport or None
        What carries requests; connections of its own if not named.
    """

    def __init__(
        self,
        url: str,
        database: str,
        credentials: Credentials,
        *,
        timeout_s: float = 20.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.where = f"{safe_url(url).rstrip('/')}/{database}"
        self._credentials = credentials
        self._client = httpx.Client(transport=transport, timeout=timeout_s, trust_env=False, follow_redirects=False)
        self._headers: dict[str, str] = {}
        self._context: dict[str, Any] = {}

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    @property
    def company(self) -> int:
        """Id of the company that the user works for."""
        self.begin()
        return int(self._context["company"])

    def read(self, method: str, *params: Any, context: Mapping[str, Any] | None = None) -> Any:
        """Call a method that changes nothing.

        Parameters
        ----------
        context : mapping
            What Tryton's computed fields depend on, such as locations and dates.

        Raises
        ------
        NotSent, NotUnderstood
            As the port says.
        """
        return self._call(method, params, context or {}, NotSent)

    def change(self, method: str, *params: Any, unless_moved: Mapping[str, str] | None = None) -> Any:
        """Call a method that changes something, in one transaction.

        Parameters
        ----------
        unless_moved : mapping
            Record, as "model,id", to the time stamp that it had when it was read.

        Raises
        ------
        Declined, Moved
            If nothing was changed, because of a rule or of somebody else.
        NotSent, OutcomeUnknown, NotUnderstood
            As the port says.
        """
        context = {"_timestamp": dict(unless_moved)} if unless_moved else {}
        return self._call(method, params, context, OutcomeUnknown)

    def _call(
        self, method: str, params: tuple[Any, ...], context: Mapping[str, Any], silence: type[EquipoiseError]
    ) -> Any:
        self.begin()
        response = self._post(method, [*params, {**self._context, **context}], silence)
        if response.status_code == 401:  # The session is over: nothing was done.
            self._headers = {}
            self.begin()
            response = self._post(method, [*params, {**self._context, **context}], silence)
        return self._result(response, silence)

    def begin(self) -> None:
        """Log in, unless that is done; a server that has not read its modules yet is not there yet.

        Raises
        ------
        NotSent
            If it does not let us in, whatever it says.
        """
        if self._headers:
            return
        try:
            self._log_in()
        except (NotUnderstood, Declined) as fault:
            self._headers = {}
            raise NotSent(fault.what, where=fault.where, remedy=fault.remedy) from fault

    def _log_in(self) -> None:
        who = self._credentials
        response = self._post("common.db.login", [who.user, {"password": who.key}], NotSent)
        user, token, *_ = self._result(response, NotSent)
        session = base64.b64encode(f"{who.user}:{user}:{token}".encode()).decode()
        self._headers = {"Authorization": f"Session {session}"}
        preferences = self._result(self._post("model.res.user.get_preferences", [True, {}], NotSent), NotSent)
        if not preferences.get("company"):
            raise NotUnderstood("the user works for no company", where=self.where, remedy="Give the user one there")
        self._context = {key: preferences[key] for key in ("company", "companies", "language") if key in preferences}

    def _post(self, method: str, params: list[Any], silence: type[EquipoiseError]) -> httpx.Response:
        body = json.dumps({"id": 0, "method": method, "params": params}, default=_written)
        headers = {**self._headers, "Content-Type": "application/json"}
        try:
            return self._client.post(f"{self.where}/rpc/", content=body, headers=headers)
        except _NEVER_WRITTEN as error:
            raise NotSent(
                f"nobody was reached: {error}", where=self.where, remedy="Check that the server is up"
            ) from error
        except httpx.HTTPError as error:
            raise silence(f"no answer came: {type(error).__name__}", where=self.where, remedy=_ASK) from error

    def _result(self, response: httpx.Response, silence: type[EquipoiseError]) -> Any:
        status = response.status_code
        if status in (401, 403):
            raise NotSent("it does not let us in", where=self.where, remedy="Check the user's key and its rights there")
        if status in (429, 503):  # Tryton says 503 where its database would not serve, after rolling back.
            wait = retry_after_s(response.headers.get("retry-after", ""), dt.datetime.now(dt.UTC).timestamp())
            raise NotSent(f"it takes nothing now (HTTP {status})", where=self.where, remedy="Wait", retry_after_s=wait)
        if status >= 500 or status == 408:
            raise silence(f"it failed (HTTP {status})", where=self.where, remedy=_ASK)
        try:
            answer = json.loads(response.content, object_hook=_read)
        except ValueError:
            answer = None
        if status != 200 or not isinstance(answer, dict) or not {"result", "error"} & answer.keys():
            raise NotUnderstood(
                f"the answer (HTTP {status}) is not Tryton's", where=self.where, remedy="Check the address and release"
            )
        if "error" in answer:
            raise self._fault(answer["error"])
        return answer["result"]

    def _fault(self, error: Any) -> EquipoiseError:
        match error:
            case ["UserError", [str(message), *_]] | ["UserWarning", [_, str(message), *_]]:
                return Declined(message, where=self.where, remedy="Change it there, or plan differently")
            case ["ConcurrencyException", *_]:
                return Moved("somebody else changed the record", where=self.where, remedy="Read it again")
            case [str(message), *_]:
                return NotUnderstood(f"it failed: {message}", where=self.where, remedy="Look at the server's log")
            case _:
                return NotUnderstood("its error cannot be read", where=self.where, remedy="Look at the server's log")


def _written(value: Any) -> dict[str, Any]:
    match value:
        case dt.datetime():
            parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
            return {"__class__": "datetime", **{part: getattr(value, part) for part in parts}}
        case dt.date():
            return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
        case Decimal():
            return {"__class__": "Decimal", "decimal": str(value)}
    raise TypeError(f"{type(value).__name__} has no form on the wire")


def _read(content: dict[str, Any]) -> Any:
    kind = content.pop("__class__", None)
    match kind:
        case "datetime":
            return dt.datetime(**content)
        case "date":
            return dt.date(**content)
        case "Decimal":
            return Decimal(content["decimal"])
    return content
