"""The UI listens where it says, or says why not."""

import socket

import pytest

from assets.kernel.errors import EquipoiseError
from orchestration.ui import HOST, require_free


def test_a_port_that_is_taken_is_one_line_and_one_that_is_free_is_nothing() -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(EquipoiseError, match=f"{HOST}:{port}: the port cannot be listened on"):
            require_free(HOST, port)
    require_free(HOST, port)
