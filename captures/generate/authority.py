"""The lab's certificate authority and a certificate per host: real X.509, the same keys at every run."""

import datetime
import functools
import hashlib
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
YEAR = datetime.timedelta(days=365)
NOON = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)


class Authority:
    """Issues certificates into a folder. Its keys come from the names, so they protect nothing."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.key = _key("authority")
        self.name = _name("whereto lab CA", "whereto lab")
        builder = _builder(self.name, self.name, self.key, NOON, 10 * YEAR)
        self.root = _sign(builder.add_extension(x509.BasicConstraints(True, 0), critical=True), self.key)

    @functools.cache
    def issue(self, host, expired=False):
        """The paths of a certificate chain and its key."""
        key = _key(host)
        begins = NOON - 2 * YEAR if expired else NOON
        builder = _builder(_name(host, "whereto lab host"), self.name, key, begins, YEAR)
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        leaf = _sign(builder.add_extension(names, critical=False), self.key)
        chain, secret = self.folder / f"{host}.pem", self.folder / f"{host}.key"
        chain.write_bytes(_pem(leaf) + _pem(self.root))
        formats = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        secret.write_bytes(key.private_bytes(*formats))
        return str(chain), str(secret)


def _key(name):
    number = int.from_bytes(hashlib.sha512(f"whereto {name}".encode()).digest(), "big")
    return ec.derive_private_key(number % (ORDER - 1) + 1, ec.SECP256R1())


def _name(common, organisation):
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation), x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(subject, issuer, key, begins, lasts):
    serial = int.from_bytes(hashlib.sha256(subject.public_bytes()).digest()[:8], "big") >> 1
    builder = x509.CertificateBuilder(issuer, subject, key.public_key(), serial)
    return builder.not_valid_before(begins).not_valid_after(begins + lasts)


def _sign(builder, key):
    return builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True)


def _pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)
