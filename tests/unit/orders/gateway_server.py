"""An HTTP server that answers what a test tells it, for the tests of the webhook."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from assets.kernel.clock import Clock, WallClock
from assets.orders.gateways.port import Answer, Receipt, ReceiptLine
from assets.orders.gateways.signature import ANSWER_PREFIX, ID, Signer
from assets.orders.gateways.wire import receipt_message

SECRET = "a secret that only tests have"


@dataclass(frozen=True)
class Reply:
    """What is answered: a message, signed for the request unless told otherwise."""

    message: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    secret: str | None = SECRET
    answers: Callable[[str], str] = lambda request_id: f"{ANSWER_PREFIX}{request_id}"
    clock: Clock = field(default_factory=WallClock)
    raw: bytes | None = None


@dataclass
class Scripted:
    """The server: its replies, in turn (the last one for ever), and the requests that it had."""

    url: str
    replies: list[Reply]
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def next_reply(self) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


@contextmanager
def scripted(*replies: Reply, tls: ssl.SSLContext | None = None) -> Iterator[Scripted]:
    """Answer on a free port until the block ends, over TLS if told so."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            script.requests.append((headers, self.rfile.read(int(headers["content-length"]))))
            reply = script.next_reply()
            body = json.dumps(reply.message).encode() if reply.raw is None else reply.raw
            signed = {}
            if reply.secret is not None:
                signed = Signer(reply.secret, reply.clock).headers(reply.answers(headers[ID]), body)
            self.send_response(reply.status)
            for name, value in {**signed, **reply.headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    host = "http://127.0.0.1"
    if tls is not None:
        server.socket, host = tls.wrap_socket(server.socket, server_side=True), "https://localhost"
        server.handle_error = lambda *_: None  # type: ignore[method-assign] # who breaks the handshake off is expected
    script = Scripted(f"{host}:{server.server_address[1]}/orders", list(replies))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()


def accepted(reference: str, revision: int = 1) -> dict[str, Any]:
    """Return the message of a receipt that accepts two lines."""
    lines = (ReceiptLine(1, 10), ReceiptLine(2, 4))
    return receipt_message(Receipt(reference, revision, Answer.ACCEPTED, lines, "SO-1", "", revision))
