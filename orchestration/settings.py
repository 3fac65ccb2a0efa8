"""Settings of an installation, read from the environment when asked and never at import.

What belongs to a network (calendar, clock, currency) stands in its profile, not here.
"""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from assets.kernel.errors import EquipoiseError
from assets.kernel.home import NetworkHome

ACTIVE_FILE = "active"


class GatewayKind(StrEnum):
    """Where orders go."""

    FILEDROP = "filedrop"
    WEBHOOK = "webhook"
    TRYTON = "tryton"


class Tracing(StrEnum):
    """Whether spans are made, and where they go."""

    OFF = "off"
    CONSOLE = "console"


class Log(StrEnum):
    """Whether each stage and each call of the other side is logged, and how."""

    OFF = "off"
    JSON = "json"


class Settings(BaseSettings):
    """An installation of Equipoise.

    Attributes
    ----------
    home : Path
        Folder of run-time data, one folder per network below it.
    network : str or None
        Network to work on; the one last made active if not set.
    ledger_url : str or None
        SQLAlchemy URL of the ledger; a SQLite file in the network's home if not set.
    dagster_postgres_url : str or None
        PostgreSQL URL for Dagster's own storage; SQLite files if not set.
    alert_urls : list of str
        Apprise URLs that alerts go to beside the file channel.
    digest_urls : list of str
        Apprise URLs that the daily digest goes to; nowhere if none is named.
    lock_wait_seconds : int
        How long a run started from the UI waits for another writer; the CLI does not wait.
    nightly_hour : int
        Local hour at which the schedule plans the day.
    gateway : GatewayKind
        Where orders go; files in the network's home unless another is named.
    gateway_folder : Path or None
        Folder of the files, if it is not in the home.
    gateway_url : str or None
        The other side's address, of a webhook or of Tryton.
    gateway_database, gateway_user : str
        Tryton's database, and its user for us; what ``make erp`` makes if not set.
    gateway_secret, gateway_secret_file : SecretStr, Path or None
        What both ends know, or the file that holds it.
    gateway_ca_file : Path or None
        Certificates of the private authority that vouches for a webhook's server.
    pages_show_sensitive : bool
        Whether whoever reaches Dagster's pages and the channels of alerts may see sensitive items; else they are
        hidden there from everybody.
    tracing : Tracing
        Spans of stages and gateway calls on standard error, or none.
    log : Log
        A line of JSON on standard error for each of them, or none.
    order_partition_days : int
        Days after which the partition of an order that has ended leaves Dagster; the ledger keeps the order.
    sender : str
        How this host names itself in the ledger; its name and process if not set.
    """

    model_config = SettingsConfigDict(env_prefix="EQUIPOISE_", extra="ignore", frozen=True)

    home: Path = Path(".equipoise")
    network: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9_-]*$")
    ledger_url: str | None = None
    dagster_postgres_url: str | None = None
    alert_urls: list[str] = Field(default_factory=list)
    digest_urls: list[str] = Field(default_factory=list)
    lock_wait_seconds: int = Field(default=600, ge=0)
    nightly_hour: int = Field(default=5, ge=0, le=23)
    gateway: GatewayKind = GatewayKind.FILEDROP
    gateway_folder: Path | None = None
    gateway_url: str | None = None
    gateway_database: str = "erp"
    gateway_user: str = "equipoise"
    gateway_secret: SecretStr | None = None
    gateway_secret_file: Path | None = None
    gateway_ca_file: Path | None = None
    pages_show_sensitive: bool = False
    tracing: Tracing = Tracing.OFF
    log: Log = Log.OFF
    order_partition_days: int = Field(default=90, ge=1)
    sender: str = ""

    def network_home(self) -> NetworkHome:
        """Return the home of the network to work on.

        Raises
        ------
        EquipoiseError
            If no network is chosen.
        """
        name = self.network or self._active()
        if not name:
            raise EquipoiseError(
                "no network is active",
                where=str(self.home),
                remedy="Run `equipoise demo` or `equipoise import NAME DIR`, or set EQUIPOISE_NETWORK",
            )
        return self.home_of(name)

    def home_of(self, name: str) -> NetworkHome:
        """Return the home of the network called ``name``, whether or not it exists yet."""
        return NetworkHome((self.home / name).absolute())

    def activate(self, name: str) -> NetworkHome:
        """Make ``name`` the network that commands work on and return its home."""
        self.home.mkdir(parents=True, exist_ok=True)
        partial = self.home / f"{ACTIVE_FILE}.{os.getpid()}"
        partial.write_text(name + "\n")
        os.replace(partial, self.home / ACTIVE_FILE)
        return self.home_of(name)

    def ledger(self) -> str:
        """Return the SQLAlchemy URL of the ledger."""
        return self.ledger_url or f"sqlite:///{self.network_home().ledger}"

    def _active(self) -> str:
        pointer = self.home / ACTIVE_FILE
        return pointer.read_text().strip() if pointer.exists() else ""


def read_settings() -> Settings:
    """Read the settings from the environment.

    Raises
    ------
    EquipoiseError
        If a variable does not validate; the message names it.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "EQUIPOISE_" + "_".join(str(part) for part in first["loc"]).upper()
        raise EquipoiseError(first["msg"], where=name, remedy="Correct the environment variable") from error
