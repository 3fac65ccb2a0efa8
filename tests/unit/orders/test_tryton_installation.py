"""A database of the ERP is whole or not there."""

from pathlib import Path

import pytest

from assets.kernel.errors import EquipoiseError
from assets.orders.gateways.tryton.installation import Installation, create_database


def installation(root: Path, admin: str) -> Installation:
    made = Installation(root)
    program = Path(made.program("trytond-admin"))
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\n{admin}\n")
    program.chmod(0o700)
    (root / "keys").mkdir()
    return made


def test_what_a_killed_process_had_begun_is_not_taken_for_a_database(tmp_path: Path) -> None:
    made = installation(tmp_path, "echo no network >&2; exit 1")
    made.databases.mkdir()
    for name in ("erp.begun", "erp.sqlite", "erp.sqlite-wal"):
        (made.databases / name).touch()
    with pytest.raises(EquipoiseError, match="making the database failed: no network"):
        create_database(made, print)
    assert list(made.databases.iterdir()) == []


def test_a_database_that_is_there_is_left_alone(tmp_path: Path) -> None:
    made = installation(tmp_path, "exit 0")
    Path(made.program("python")).symlink_to(made.program("trytond-admin"))
    create_database(made, print)
    Path(made.program("trytond-admin")).write_text("#!/bin/sh\nexit 1\n")
    (made.databases / "erp.sqlite").write_text("whole")
    create_database(made, print)
    assert (made.databases / "erp.sqlite").read_text() == "whole"
