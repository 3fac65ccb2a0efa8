"""The gateway that the settings name: files in the network's home unless another is asked for.

Secrets come from the environment or from a file named there, and are in no message. Not here: what a
gateway does (``assets.orders.gateways``).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from assets.kernel.errors import EquipoiseError
from assets.orders.gateways.port import Gateway
from orchestration.settings import GatewayKind, Settings

if TYPE_CHECKING:
    from assets.kernel.home import NetworkHome


def open_gateway(settings: Settings, home: NetworkHome) -> Gateway:
    """Return the gateway of a network; nothing is connected before it is used.

    Raises
    ------
    EquipoiseError
        If an address or a secret is missing or may not be used.
    """
    match settings.gateway:
        case GatewayKind.FILEDROP:
            from assets.orders.gateways.filedrop import FileDrop

            own = settings.gateway_folder is None
            return FileDrop(settings.gateway_folder or home.gateway_files, in_home=own)
        case GatewayKind.WEBHOOK:
            from assets.orders.gateways.webhook import Webhook

            url = _needed(settings.gateway_url, "EQUIPOISE_GATEWAY_URL")
            return Webhook(url, secret_of(settings), ca_file=settings.gateway_ca_file)
        case GatewayKind.TRYTON:
            from assets.orders.gateways.tryton.gateway import Tryton
            from assets.orders.gateways.tryton.rpc import Credentials, Rpc

            credentials = Credentials(settings.gateway_user, secret_of(settings))
            url = _needed(settings.gateway_url, "EQUIPOISE_GATEWAY_URL")
            return Tryton(Rpc(url, settings.gateway_database, credentials))


def gateway_address(settings: Settings, home: NetworkHome) -> str:
    """Return how the ledger records the gateway of the settings; empty where they do not do to open it."""
    try:
        return open_gateway(settings, home).address
    except EquipoiseError:
        return ""


def secret_of(settings: Settings) -> str:
    """Return the secret that both ends know.

    Raises
    ------
    EquipoiseError
        If there is none, or its file cannot be read or is open to others.
    """
    if settings.gateway_secret is not None:
        return settings.gateway_secret.get_secret_value()
    path = settings.gateway_secret_file
    if path is None:
        raise EquipoiseError(
            "the gateway's secret is not set", where="EQUIPOISE_GATEWAY_SECRET",
            remedy="Set it, or name a file of yours that holds it in EQUIPOISE_GATEWAY_SECRET_FILE",
        )  # fmt: skip
    return _read_private(path)


def _read_private(path: Path) -> str:
    try:
        if path.stat().st_mode & 0o077:
            raise EquipoiseError(
                "others can read the secret", where=str(path), remedy=f"Make it yours alone: chmod 600 {path}"
            )
        return path.read_text("utf-8").strip()
    except OSError as error:
        raise EquipoiseError(
            f"the secret cannot be read: {error.strerror}", where=str(path), remedy="Name a file that you may read"
        ) from error


def _needed(value: str | None, name: str) -> str:
    if value:
        return value
    raise EquipoiseError("the gateway's address is not set", where=name, remedy="Set it to the other side's URL")
