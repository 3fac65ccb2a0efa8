"""One signed request over HTTP and its signed answer, sent again only where that is safe.

What may have been taken in is never sent again from here: that is for the sender to decide, after asking.
The only importer of httpx. Not here: what is asked and what an answer says (``webhook``).
"""

from __future__ import annotations

import datetime as dt
import random
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx

from assets.kernel.errors import EquipoiseError
from assets.orders.gateways.port import NotSent, NotUnderstood, OutcomeUnknown
from assets.orders.gateways.signature import ANSWER_PREFIX, NotSigned, Signer
from assets.orders.gateways.wire_reading import parsed

MOST_BYTES = 64 * 2**20
LONGEST_WAIT_S = 86400.0
_NEVER_WRITTEN = (
    httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol,
)  # fmt: skip


class Busy(NotSent):
    """It was not taken in, and nothing speaks against trying again soon."""


@dataclass(frozen=True)
class Patience:
    """How long and how often to try.

    Attributes
    ----------
    timeout_s : float
        For one attempt: to connect, and to answer.
    attempts : int
        At most so many, and only after ``Busy``.
    first_pause_s, longest_pause_s : float
        Pauses double from the first; one that would be longer is left to the sender.
    seed : int
        Of the jitter: each pause is between half and all of its length.
    """

    timeout_s: float = 20.0
    attempts: int = 3
    first_pause_s: float = 0.5
    longest_pause_s: float = 5.0
    seed: int = 0


class Exchange:
    """Sends to one address.

    Parameters
    ----------
    url : str
        TLS is required unless it is of this machine.
    signer : Signer
        Signs requests and verifies answers.
    patience : Patience
        When to give up.
    sleep : callable
        Waits so many seconds.
    ca_file : Path or None
        Certificates of a private authority.
    proxy : str or None
        Address of an HTTP proxy; none is taken from the environment.

    Raises
    ------
    EquipoiseError
        If the address may not be used, or certificates cannot be read.
    """

    def __init__(
        self,
        url: str,
        signer: Signer,
        patience: Patience,
        sleep: Callable[[float], None],
        ca_file: Path | None = None,
        proxy: str | None = None,
    ) -> None:
        self.url = safe_url(url)
        self._signer = signer
        self._patience = patience
        self._sleep = sleep
        self._random = random.Random(patience.seed)
        self._client = httpx.Client(
            verify=_certificates(ca_file) if self.url.startswith("https:") else False,
            timeout=patience.timeout_s,
            follow_redirects=False,
            trust_env=False,
            proxy=proxy,
            limits=httpx.Limits(keepalive_expiry=2.0),
        )

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def ask(self, body: bytes, headers: dict[str, str], next_id: Callable[[], str]) -> Any:
        """Send a request and return the JSON of its answer, verified.

        Raises
        ------
        NotSent, OutcomeUnknown, NotUnderstood
            As the port says.
        """
        for attempt in range(self._patience.attempts):
            try:
                return self._once(body, headers, next_id())
            except Busy as busy:
                pause = self._pause(attempt, busy.retry_after_s)
                if attempt + 1 == self._patience.attempts or pause > self._patience.longest_pause_s:
                    raise
                self._sleep(pause)
        raise AssertionError("at least one attempt is made")

    def _pause(self, attempt: int, least_s: float) -> float:
        full = min(self._patience.first_pause_s * 2.0**attempt, self._patience.longest_pause_s)
        return max(least_s, full * (0.5 + self._random.random() / 2))

    def _once(self, body: bytes, headers: dict[str, str], request_id: str) -> Any:
        signed = headers | {"accept-encoding": "identity"} | self._signer.headers(request_id, body)
        until = time.monotonic() + self._patience.timeout_s
        try:
            with self._client.stream("POST", self.url, content=body, headers=signed) as response:
                content = self._read(response, until)
        except _NEVER_WRITTEN as error:
            raise Busy(
                f"nobody was reached: {error}",
                where=self.url,
                remedy="Check that the other side is up and its address and certificate are right",
            ) from error
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise self._unknown(f"{type(error).__name__}: {error}") from error
        self._require_answer(response)
        try:
            self._signer.verify(response.headers, content, expected_id=f"{ANSWER_PREFIX}{request_id}")
        except NotSigned as fault:
            raise NotUnderstood(
                f"the answer (HTTP {response.status_code}) cannot be trusted: {fault}",
                where=self.url,
                remedy="Check the address, the secret and both clocks; ask the other side what it has",
            ) from None
        return parsed(content, where=self.url)

    def _read(self, response: httpx.Response, until: float) -> bytes:
        chunks, size = [], 0
        for chunk in response.iter_raw():
            chunks.append(chunk)
            size += len(chunk)
            if time.monotonic() > until or size > MOST_BYTES:
                raise self._unknown("the answer is too long or takes too long")
        return b"".join(chunks)

    def _require_answer(self, response: httpx.Response) -> None:
        """Raise for a status that says what happened without an answer of the other side's program."""
        status = response.status_code
        if status in (401, 403):
            raise NotSent(
                f"it does not let us in (HTTP {status})",
                where=self.url,
                remedy="Check that both ends have the same secret, and that their clocks agree",
            )
        if status in (429, 503):
            wait = retry_after_s(response.headers.get("retry-after", ""), self._signer.now())
            raise Busy(f"it takes nothing now (HTTP {status})", where=self.url, remedy="Wait", retry_after_s=wait)
        if status == 408 or status >= 500:
            raise self._unknown(f"it failed (HTTP {status})")
        if 300 <= status < 400:
            raise NotUnderstood(
                f"it points elsewhere (HTTP {status})", where=self.url, remedy="Set the address that it points to"
            )

    def _unknown(self, what: str) -> OutcomeUnknown:
        return OutcomeUnknown(what, where=self.url, remedy="Ask for the order before sending it again")


def safe_url(url: str) -> str:
    """Return an address that may be used: TLS, or this machine; without a name or password in it.

    Raises
    ------
    EquipoiseError
        If it may not.
    """
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        address = httpx.URL("")
    remedy = "Write it as https://HOST/PATH"
    if address.userinfo:
        raise EquipoiseError("the address holds a name or password", where="webhook", remedy=remedy)
    where = f"webhook {url}"
    if address.scheme not in ("https", "http") or not address.host or address.fragment:
        raise EquipoiseError("it is no address of a web server", where=where, remedy=remedy)
    if address.scheme == "http" and not _is_loopback(address.host):
        raise EquipoiseError("orders are not sent in the clear beyond this machine", where=where, remedy=remedy)
    return str(address)


def retry_after_s(header: str, now: float) -> float:
    """Return the seconds that a ``Retry-After`` header asks for, as such or as a date; a day at most, 0 if neither.

    >>> retry_after_s("7", 0.0)
    7.0
    >>> retry_after_s("Thu, 01 Jan 1970 00:01:00 GMT", 20.0)
    40.0
    """
    if header.strip().isdecimal():
        return min(float(header), LONGEST_WAIT_S)
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return 0.0
    aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return min(max(0.0, aware.timestamp() - now), LONGEST_WAIT_S)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _certificates(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except OSError as error:
        raise EquipoiseError(
            f"certificates cannot be read: {error}", where=str(ca_file), remedy="Name a file of PEM certificates"
        ) from error
