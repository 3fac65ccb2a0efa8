"""Identifiers made from meaning: the same content has the same name on every machine."""

from __future__ import annotations

import hashlib
import json
from typing import Any

DIGEST_BYTES = 16


def digest(*parts: Any) -> str:
    """Hash JSON-like values to 32 hexadecimal digits.

    Keys are sorted and separators fixed, so that equal meaning gives equal text.

    Parameters
    ----------
    *parts
        Anything JSON can hold; other values count by their ``str``.

    Examples
    --------
    >>> digest("a", 1) == digest("a", 1)
    True
    >>> digest("a", 1) == digest("a1")
    False
    """
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).hexdigest()


def bytes_digest(content: bytes) -> str:
    """Hash raw bytes to 32 hexadecimal digits."""
    return hashlib.blake2b(content, digest_size=DIGEST_BYTES).hexdigest()
