"""The webhook over real TLS: a private authority that is named will do, any other certificate is refused unsent."""

import datetime as dt
import ssl
from dataclasses import dataclass
from pathlib import Path

import pytest
from contract.gateways.kit_documents import submission
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from unit.orders.gateway_server import SECRET, Reply, accepted, scripted

from assets.kernel.errors import EquipoiseError
from assets.orders.gateways.port import Answer, NotSent
from assets.orders.gateways.webhook import Webhook
from assets.orders.gateways.webhook_exchange import Patience

WANTED = submission()
ONCE = Patience(timeout_s=10, attempts=1)
NOW = dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class Authority:
    """A certificate authority of a test's own."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def file(self) -> Path:
        """The file that whoever trusts it names."""
        path = self.folder / "authority.pem"
        path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return path

    def server(self, name: str = "localhost", days: int = 1) -> ssl.SSLContext:
        """Return what a server of that name shows."""
        key = ec.generate_private_key(ec.SECP256R1())
        signed = self.signed(name, key, days, x509.SubjectAlternativeName([x509.DNSName(name)]))
        path = self.folder / f"{name}.pem"
        encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
        path.write_bytes(
            key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain) + signed.public_bytes(encoding)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def signed(
        self, name: str, key: ec.EllipticCurvePrivateKey, days: int, extension: x509.ExtensionType
    ) -> x509.Certificate:
        return certificate(name, key, self.certificate.subject, self.key, extension, days)


def certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    by: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
    days: int = 1,
) -> x509.Certificate:
    until = NOW + dt.timedelta(days=days)
    return (
        x509.CertificateBuilder(issuer, named(name), key.public_key(), x509.random_serial_number())
        .not_valid_before(min(NOW, until) - dt.timedelta(days=1))
        .not_valid_after(until)
        .add_extension(extension, critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
        .sign(by, hashes.SHA256())
    )


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def authority(folder: Path) -> Authority:
    folder.mkdir()
    key = ec.generate_private_key(ec.SECP256R1())
    itself = certificate("authority", key, named("authority"), key, x509.BasicConstraints(ca=True, path_length=0))
    return Authority(folder, key, itself)


@pytest.fixture
def trusted(tmp_path: Path) -> Authority:
    return authority(tmp_path / "trusted")


def test_an_order_goes_over_tls_to_a_server_of_the_authority_that_is_named(trusted: Authority) -> None:
    with scripted(Reply(accepted(WANTED.reference)), tls=trusted.server()) as server:
        assert server.url.startswith("https://localhost:")
        receipt = Webhook(server.url, SECRET, ca_file=trusted.file, patience=ONCE).submit(WANTED)
    assert (receipt.answer, len(server.requests)) == (Answer.ACCEPTED, 1)


@pytest.mark.parametrize("which", ["of another authority", "of no authority that the system knows"])
def test_a_certificate_nobody_vouches_for_is_refused_and_nothing_is_sent(
    trusted: Authority, tmp_path: Path, which: str
) -> None:
    named_file = authority(tmp_path / "other").file if which == "of another authority" else None
    assert_nothing_is_sent(trusted.server(), named_file, "certificate verify failed")


@pytest.mark.parametrize(("name", "days"), [("erp.example", 1), ("localhost", -1)])
def test_a_certificate_of_another_host_or_past_its_time_is_refused_and_nothing_is_sent(
    trusted: Authority, name: str, days: int
) -> None:
    assert_nothing_is_sent(trusted.server(name, days), trusted.file, "certificate verify failed")


def assert_nothing_is_sent(tls: ssl.SSLContext, ca_file: Path | None, why: str) -> None:
    with scripted(Reply(accepted(WANTED.reference)), tls=tls) as server:
        with pytest.raises(NotSent, match=why) as raised:
            Webhook(server.url, SECRET, ca_file=ca_file, patience=ONCE).submit(WANTED)
        assert server.requests == []
    assert "certificate" in str(raised.value.remedy)


def test_an_authority_whose_file_is_none_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("no certificate")
    with pytest.raises(EquipoiseError, match=r"empty\.pem"):
        Webhook("https://erp.example/", SECRET, ca_file=tmp_path / "empty.pem")
