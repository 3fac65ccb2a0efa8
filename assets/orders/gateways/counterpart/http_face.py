"""The other side over HTTP: verifies what comes in, has it carried out, and signs what it answers.

A request is admitted once: its id is remembered for as long as its signature would be accepted. Faults can be
put in front of the next requests of a kind; they happen on the socket. Not here: what it makes of an order
(``counterpart``).
"""

from __future__ import annotations

import socketserver
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from assets.kernel.clock import Clock, WallClock
from assets.orders.gateways.cloud_event import CloudEvent, Request, read_event
from assets.orders.gateways.counterpart.counterpart import Counterpart
from assets.orders.gateways.counterpart.spoiling import spoilt_confirmation, spoilt_receipt
from assets.orders.gateways.faults import Fault
from assets.orders.gateways.port import NotUnderstood
from assets.orders.gateways.signature import ANSWER_PREFIX, TOLERANCE_S, NotSigned, Signer
from assets.orders.gateways.webhook_answers import (
    found_message,
    page_message,
    problem_message,
    references_message,
)
from assets.orders.gateways.wire import canonical, receipt_message
from assets.orders.gateways.wire_reading import read_cancel, read_order

MOST_BYTES = 16 * 2**20
RETRY_AFTER_S = 1
WHERE = "request to the other side"


@dataclass
class HttpFace:
    """Answers on one address of this machine.

    Attributes
    ----------
    counterpart : Counterpart
        Who carries orders out.
    secret : str
        Known to both ends.
    clock : Clock
        Tells the time for signatures.
    port : int
        0 for any that is free.
    slow_s : float
        How long a slow answer takes.
    tolerance_s : float
        How far a request's time may be off.
    """

    counterpart: Counterpart
    secret: str = field(repr=False)
    clock: Clock = field(default_factory=WallClock)
    port: int = 0
    slow_s: float = 1.0
    tolerance_s: float = TOLERANCE_S
    _faults: dict[Request, deque[Fault]] = field(default_factory=dict)
    _server: _Server | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}/orders"

    def start(self) -> None:
        """Begin to answer; on the same port as before if it was stopped."""
        signer = Signer(self.secret, self.clock, self.tolerance_s)
        self._server = _Server(("127.0.0.1", self.port), _Handler)
        self._server.face, self._server.signer = self, signer
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        """Stop answering: connections are refused."""
        if self._server is not None:
            self._server.stopping.set()
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def arm(self, request: Request, *faults: Fault) -> None:
        """Have the next requests of a kind meet these faults, one each."""
        self._faults.setdefault(request, deque()).extend(faults)

    def next_fault(self, request: Request) -> Fault | None:
        """Take the fault that is next for a request of this kind."""
        waiting = self._faults.get(request)
        return waiting.popleft() if waiting else None

    def answer(self, event: CloudEvent, fault: Fault | None) -> tuple[int, dict[str, Any]]:
        """Carry a request out and return the status and the message of the answer."""
        try:
            message = self._carry_out(event, fault)
        except NotUnderstood as problem:
            return 422, problem_message(problem.what)
        return (422 if message.get("answer") == "refused" else 200), message

    def _carry_out(self, event: CloudEvent, fault: Fault | None) -> dict[str, Any]:
        data = event.data
        match event.request:
            case Request.SUBMIT:
                order = read_order(data, where=WHERE)
                if fault is Fault.DUPLICATE_REPLY:
                    self.counterpart.submit(order)
                return spoilt_receipt(receipt_message(self.counterpart.submit(order)), fault)
            case Request.CANCEL:
                return receipt_message(self.counterpart.cancel(read_cancel(data, where=WHERE)))
            case Request.FIND:
                receipt = self.counterpart.find(str(data.get("reference", "")))
                return found_message(None if receipt is None else receipt_message(receipt))
            case Request.CONFIRMATIONS:
                return self._page(data, fault)
            case Request.REFERENCES:
                return references_message(self.counterpart.references())

    def _page(self, data: Mapping[str, Any], fault: Fault | None) -> dict[str, Any]:
        since, limit = data.get("since"), data.get("limit")
        if not isinstance(since, int) or not isinstance(limit, int) or limit < 1:
            raise NotUnderstood("since and limit are no whole numbers", where=WHERE, remedy="Send them")
        messages = list(self.counterpart.confirmations(since, limit))
        cursor = int(messages[-1]["sequence"]) if messages else since
        if fault is Fault.DUPLICATE_REPLY:
            messages = [message for message in messages for _ in range(2)]
        return page_message([spoilt_confirmation(messages[0], fault), *messages[1:]] if messages else [], cursor)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    face: HttpFace
    signer: Signer

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.stopping = threading.Event()
        super().__init__(address, handler)

    def server_bind(self) -> None:
        # The library's own looks the host's name up, which may take long and is of no use here.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: whoever asked gave up, or was made to."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 30

    def do_POST(self) -> None:
        signer = self.server.signer
        body = self._body()
        if body is None:
            return self._reply(413, problem_message("it has no length, or is too long"), "")
        try:
            request_id = signer.verify(dict(self.headers.items()), body)
        except NotSigned as fault:
            return self._reply(401, problem_message(str(fault)), "")
        now = signer.now()
        if not self.server.face.counterpart.store.admit(request_id, now, now - 2 * signer.tolerance_s):
            return self._reply(409, problem_message("this request came before"), request_id)
        try:
            event = read_event(body, where=WHERE)
            self._require_key(event)
        except NotUnderstood as problem:
            return self._reply(400, problem_message(problem.what), request_id)
        return self._carry_out(event, request_id)

    def _carry_out(self, event: CloudEvent, request_id: str) -> None:
        face = self.server.face
        fault = face.next_fault(event.request)
        if fault is Fault.CRASH_BEFORE_COMMIT:
            return None
        if fault in (Fault.RATE_LIMIT, Fault.DOWN):
            status = 429 if fault is Fault.RATE_LIMIT else 503
            return self._reply(status, problem_message("not now"), request_id, {"Retry-After": str(RETRY_AFTER_S)})
        status, message = face.answer(event, fault)
        if fault is Fault.CRASH_AFTER_COMMIT:
            return None
        if fault is Fault.SLOW:
            self.server.stopping.wait(face.slow_s)
        return self._reply(status, message, request_id, torn=fault is Fault.LOST_REPLY)

    def _body(self) -> bytes | None:
        length = self.headers.get("content-length", "")
        return (
            self.rfile.read(int(length))
            if length.isdecimal() and len(length) < 10 and int(length) <= MOST_BYTES
            else None
        )

    def _require_key(self, event: CloudEvent) -> None:
        """Refuse a request whose header, which nobody signed, says another key than its body."""
        told = event.data.get("idempotency_key")
        if told is not None and not told == self.headers.get("idempotency-key") == event.event_id:
            raise NotUnderstood("Idempotency-Key, id and data differ", where=WHERE, remedy="Send the same")

    def _reply(
        self,
        status: int,
        message: Mapping[str, Any],
        request_id: str,
        extra: Mapping[str, str] | None = None,
        *,
        torn: bool = False,
    ) -> None:
        body = canonical(message).encode()
        self.send_response(status)
        signed = self.server.signer.headers(f"{ANSWER_PREFIX}{request_id}", body) if request_id else {}
        for name, value in {**signed, **(extra or {}), "Content-Type": "application/json"}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if torn else body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Keep quiet: requests hold what orders say."""
