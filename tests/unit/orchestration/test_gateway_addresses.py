"""The ledger tells systems apart by the settings that lead to them, and keeps no address."""

from pathlib import Path

from pydantic import SecretStr

from assets.kernel.home import NetworkHome
from orchestration.gateways import gateway_address, open_gateway
from orchestration.settings import GatewayKind, Settings

SECRET = SecretStr("s" * 40)


def address(tmp_path: Path, **changed: object) -> str:
    told = {"home": tmp_path, "network": "net", "gateway_secret": SECRET, **changed}
    settings = Settings.model_validate(told)
    found = gateway_address(settings, settings.network_home())
    assert found == open_gateway(settings, settings.network_home()).address
    return found


def test_another_url_database_or_folder_is_another_system_and_the_same_one_the_same(tmp_path: Path) -> None:
    hook = {"gateway": GatewayKind.WEBHOOK}
    erp = {"gateway": GatewayKind.TRYTON, "gateway_url": "https://erp.example"}
    found = [
        address(tmp_path, **hook, gateway_url="https://a.example/orders"),
        address(tmp_path, **hook, gateway_url="https://b.example/orders"),
        address(tmp_path, **erp),
        address(tmp_path, **erp, gateway_database="test"),
        address(tmp_path, gateway_folder=tmp_path / "shared"),
        address(tmp_path, gateway_folder=tmp_path / "other"),
    ]
    assert len(set(found)) == len(found)
    assert not [one for one in found if "example" in one or str(tmp_path) in one]
    assert address(tmp_path, **hook, gateway_url="https://a.example/orders/") == found[0]


def test_the_folder_in_the_home_goes_with_the_home_and_is_another_than_any_that_is_named(tmp_path: Path) -> None:
    assert address(tmp_path / "a") == address(tmp_path / "b") == "filedrop:home"
    assert address(tmp_path, gateway_folder=tmp_path / "shared") != "filedrop:home"


def test_a_gateway_that_cannot_be_opened_has_no_address(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, network="net", gateway=GatewayKind.WEBHOOK)
    assert gateway_address(settings, NetworkHome(tmp_path / "net")) == ""
