"""Signatures of messages over HTTP, as Standard Webhooks has them: HMAC-SHA256 over id, time and body.

Three headers carry it: ``webhook-id``, ``webhook-timestamp`` (seconds) and ``webhook-signature``
(``v1,<base64>``, several divided by spaces while a secret is being changed). An answer has the id of its
request with a prefix, so that neither an old answer nor the request itself passes for one. Not here: which
ids were used before, which the receiver remembers.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

from assets.kernel.clock import Clock
from assets.kernel.errors import EquipoiseError

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
ANSWER_PREFIX = "answer-"
TOLERANCE_S = 300
LEAST_SECRET_BYTES = 24
_PREFIX = "whsec_"


class NotSigned(Exception):  # noqa: N818 - said of a message, and turned into one of the port's errors
    """A message does not come from whom it says, or not now."""


class Signer:
    """Signs and verifies with a secret that both ends know; the secret is in no representation.

    Parameters
    ----------
    secret : str
        ``whsec_`` and base64, or any text of at least 24 bytes.
    clock : Clock
        Tells the time for signatures.
    tolerance_s : float
        How far a message's time may be from ours, either way.

    Raises
    ------
    EquipoiseError
        If the secret is too short or no base64.
    """

    def __init__(self, secret: str, clock: Clock, tolerance_s: float = TOLERANCE_S) -> None:
        self._key = _key(secret)
        self._clock = clock
        self.tolerance_s = tolerance_s

    def now(self) -> float:
        """Return the time in seconds since 1970."""
        return self._clock.now().timestamp()

    def headers(self, message_id: str, body: bytes) -> dict[str, str]:
        """Return the headers that sign a message now."""
        stamp = str(int(self.now()))
        return {ID: message_id, TIMESTAMP: stamp, SIGNATURE: f"v1,{self._signature(message_id, stamp, body)}"}

    def verify(self, headers: Mapping[str, str], body: bytes, *, expected_id: str | None = None) -> str:
        """Return the id of a message that is signed and of now.

        Raises
        ------
        NotSigned
            If it is not, or has another id than the one expected.
        """
        named = {name.lower(): value for name, value in headers.items()}
        message_id, stamp = named.get(ID, ""), named.get(TIMESTAMP, "")
        given = [part.partition(",")[2] for part in named.get(SIGNATURE, "").split() if part.startswith("v1,")]
        if not message_id or not stamp.isdecimal() or len(stamp) > 12 or not given:
            raise NotSigned("it carries no signature")
        wanted = self._signature(message_id, stamp, body).encode()
        if not any(hmac.compare_digest(wanted, one.encode()) for one in given):
            raise NotSigned("its signature is wrong")
        if abs(self.now() - int(stamp)) > self.tolerance_s:
            raise NotSigned(f"it was signed {self.now() - int(stamp):.0f} s ago, tolerance = {self.tolerance_s:.0f} s")
        if expected_id is not None and message_id != expected_id:
            raise NotSigned("it answers another request")
        return message_id

    def _signature(self, message_id: str, stamp: str, body: bytes) -> str:
        signed = f"{message_id}.{stamp}.".encode() + body
        return base64.b64encode(hmac.new(self._key, signed, hashlib.sha256).digest()).decode()


def _key(secret: str) -> bytes:
    try:
        encoded = secret.removeprefix(_PREFIX)
        key = base64.b64decode(encoded, validate=True) if secret.startswith(_PREFIX) else secret.encode()
    except binascii.Error:
        raise _unusable("what follows whsec_ is no base64") from None
    if len(key) < LEAST_SECRET_BYTES:
        raise _unusable(f"it has {len(key)} bytes, at least {LEAST_SECRET_BYTES} are needed")
    return key


def _unusable(what: str) -> EquipoiseError:
    return EquipoiseError(
        what, where="secret of the webhook", remedy="Agree on a longer random one with the other side"
    )
