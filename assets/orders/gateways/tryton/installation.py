"""The ERP's own environment and database: made once, from locked packages, in a folder of its own.

Nothing of it is in the project's environment. Keys are made at random and kept in files that only their owner can
read. Not here: starting it (``server``), or what is in its network (``setup_network``).
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assets.kernel.errors import EquipoiseError
from assets.kernel.identifiers import bytes_digest

HERE = Path(__file__).parent
DATABASE = "erp"
MODULES = ("stock", "stock_supply", "purchase", "purchase_request", "equipoise")
INTEGRATION_USER = "equipoise"
OPERATOR = "operator"
"""A person in the warehouse and in purchasing, for demonstrations and tests."""
GROUPS: Mapping[str, tuple[str, ...]] = {
    INTEGRATION_USER: ("Stock", "Purchase", "Equipoise Parameters"),
    OPERATOR: ("Stock", "Stock Force Assignment", "Purchase"),
}
SMALL_NETWORK: Mapping[str, Any] = {
    "company": "Equipoise Demo",
    "currency": "EUR",
    "sites": [{"code": "DC1", "name": "Central"}]
    + [{"code": f"S{n}", "name": name} for n, name in enumerate(("North", "South", "West"), 1)],
    "suppliers": [{"code": "P1", "name": "Mill"}],
    "products": [
        {"code": "I1", "name": "Item 1", "cost": "2.00", "price": "3.50", "supplier": "P1"},
        {"code": "I2", "name": "Item 2", "cost": "5.00", "price": "8.00", "supplier": "P1"},
    ],
    "stock": [{"site": "DC1", "item": "I1", "units": 500}, {"site": "DC1", "item": "I2", "units": 300}],
}
Say = Callable[[str], None]


@dataclass(frozen=True)
class Installation:
    """Folders of one ERP.

    Attributes
    ----------
    root : Path
        Holds all of it.
    """

    root: Path

    @property
    def environment(self) -> Path:
        """Virtual environment."""
        return self.root / "environment"

    @property
    def databases(self) -> Path:
        """Folder of SQLite files."""
        return self.root / "databases"

    @property
    def configuration(self) -> Path:
        """The server's configuration."""
        return self.root / "trytond.conf"

    @property
    def log(self) -> Path:
        """What the server writes."""
        return self.root / "trytond.log"

    def key_file(self, user: str) -> Path:
        """Return the file with a user's key."""
        return self.root / "keys" / user

    def program(self, name: str) -> str:
        """Return a program of the environment."""
        return str(self.environment / "bin" / name)


def install(installation: Installation, say: Say) -> None:
    """Make the environment, unless it is there and up to date.

    Raises
    ------
    EquipoiseError
        If packages cannot be installed.
    """
    installation.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = installation.environment / "made"
    wanted = bytes_digest(b"".join(path.read_bytes() for path in _sources()))
    if made.exists() and made.read_text() == wanted:
        return
    shutil.rmtree(installation.environment, ignore_errors=True)
    say("making an environment for the ERP")
    run([sys.executable, "-m", "venv", str(installation.environment)], "making the environment")
    say("installing Tryton")
    pip = [
        installation.program("python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--retries",
        "1",
    ]
    run([*pip, "--require-hashes", "--no-deps", "-r", str(HERE / "requirements.lock")], "installing Tryton")
    find = "import trytond.modules; print(trytond.modules.MODULES_PATH)"
    modules = run([installation.program("python"), "-c", find], "finding Tryton's modules").strip()
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(HERE / "erp_module", Path(modules) / "equipoise", ignore=skip, dirs_exist_ok=True)
    made.write_text(wanted)


def create_database(installation: Installation, say: Say, network: Mapping[str, Any] = SMALL_NETWORK) -> None:
    """Make the database with a network in it, unless it is there; what a killed process had begun is made anew.

    Raises
    ------
    EquipoiseError
        If it cannot be made; what was begun is removed.
    """
    installation.databases.mkdir(exist_ok=True, mode=0o700)
    if not installation.configuration.exists():
        configure(installation)
    database = installation.databases / f"{DATABASE}.sqlite"
    module, made_of = _module_digest(), installation.databases / f"{DATABASE}.module"
    begun = installation.databases / f"{DATABASE}.begun"
    if begun.exists():
        _remove(database)
    if database.exists():
        if not made_of.exists() or made_of.read_text() != module:
            say("bringing the database to the present module")
            _admin(installation, ["-u", "equipoise", "--activate-dependencies"], "updating the database")
            _set_up(installation, network, ["context", "users"])
            made_of.write_text(module)
        return
    begun.touch()
    database.touch(mode=0o600)
    try:
        say("making the database (half a minute)")
        activate = ["-u", *MODULES, "--activate-dependencies", "--email", "admin@localhost"]
        _admin(installation, activate, "making the database")
        say("setting up a small network")
        _set_up(installation, network, [])
    except BaseException:
        _remove(database)
        begun.unlink()
        raise
    made_of.write_text(module)
    begun.unlink()


def _remove(database: Path) -> None:
    """Remove a database of SQLite with what stands beside it."""
    for file in database.parent.glob(f"{database.name}*"):
        file.unlink()


def _admin(installation: Installation, asked: Sequence[str], what: str) -> None:
    admin = [installation.program("trytond-admin"), "-c", str(installation.configuration), "-d", DATABASE]
    run([*admin, *asked], what, environment={"TRYTONPASSFILE": str(_key(installation, "admin"))})


def _set_up(installation: Installation, network: Mapping[str, Any], steps: Sequence[str]) -> None:
    """Have the network set up, or some steps of it."""
    users = [
        {"login": user, "password": _key(installation, user).read_text().strip(), "groups": list(groups)}
        for user, groups in GROUPS.items()
    ]
    script = [installation.program("python"), str(HERE / "setup_network.py"), DATABASE, str(installation.configuration)]
    run(script, "setting up the network", told=json.dumps({**network, "users": users, "steps": list(steps)}))


def configure(installation: Installation, port: int = 8510) -> None:
    """Write the server's configuration: loopback only."""
    installation.configuration.write_text(
        f"[database]\nuri = sqlite://\npath = {installation.databases.absolute()}\n"
        f"[web]\nlisten = 127.0.0.1:{port}\n[session]\ntimeout = 3600\n"
    )


def run(
    command: Sequence[str], what: str, *, environment: Mapping[str, str] | None = None, told: str | None = None
) -> str:
    """Run a program in the ERP's environment and return what it wrote.

    Raises
    ------
    EquipoiseError
        If it fails, with the last line that it wrote.
    """
    done = subprocess.run(
        command, input=told, capture_output=True, text=True, check=False, env=clean(environment or {}), umask=0o077
    )
    if done.returncode:
        lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise EquipoiseError(
            f"{what} failed: {lines[-1] if lines else f'exit code {done.returncode}'}",
            where=command[0],
            remedy="Check that PyPI can be reached; remove the folder to begin anew",
        )
    return done.stdout


def clean(more: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without what would lead Python to the project's packages."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return {**kept, **more}


def _key(installation: Installation, user: str) -> Path:
    file = installation.key_file(user)
    file.parent.mkdir(exist_ok=True, mode=0o700)
    if not file.exists():
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(secrets.token_urlsafe(24) + "\n")
    return file


def _sources() -> list[Path]:
    return [HERE / "requirements.lock", *_module_files()]


def _module_files() -> list[Path]:
    return sorted(p for p in (HERE / "erp_module").glob("*") if p.is_file())


def _module_digest() -> str:
    return bytes_digest(b"".join(path.read_bytes() for path in _module_files()))
