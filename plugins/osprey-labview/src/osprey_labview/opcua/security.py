"""Who this client is and how its channel is protected, read from the files of the settings."""

from __future__ import annotations

import logging
from typing import Any, Final

from asyncua import Client, ua
from asyncua.crypto import security_policies, uacrypto
from asyncua.crypto.uacrypto import CertProperties
from attrs import field, frozen
from cryptography import x509

from osprey.api import ConnectorError, ErrorKind
from osprey_labview.opcua.failure import Failure, LinkError
from osprey_labview.secrets import read_bytes, read_secret
from osprey_labview.settings import LabviewSettings, OpcUaSettings, SecurityPolicy, SecuritySettings, UserSettings

_POLICIES: Final = {
    SecurityPolicy.BASIC256SHA256: security_policies.SecurityPolicyBasic256Sha256,
    SecurityPolicy.AES128_SHA256_RSAOAEP: security_policies.SecurityPolicyAes128Sha256RsaOaep,
    SecurityPolicy.AES256_SHA256_RSAPSS: security_policies.SecurityPolicyAes256Sha256RsaPss,
}
_NO_POLICY: Final = ("", None, security_policies.SecurityPolicyNone.URI)


class _NoSecrets(logging.Filter):
    """asyncua writes whole requests into its log, and that which starts a session carries the password."""

    def filter(self, record: logging.LogRecord) -> bool:
        args = record.args if isinstance(record.args, tuple) else (record.args,)
        return not any(isinstance(one, (ua.ActivateSessionRequest, ua.ActivateSessionParameters)) for one in args)


_NO_SECRETS: Final = _NoSecrets()


def quieten_library() -> None:
    """Keep secrets out of asyncua's log, and its remarks off the terminal of a program that logs nowhere."""
    logging.getLogger("asyncua.client.ua_client.UASocketProtocol").addFilter(_NO_SECRETS)
    library = logging.getLogger("asyncua")
    if not any(isinstance(handler, logging.NullHandler) for handler in library.handlers):
        library.addHandler(logging.NullHandler())


@frozen(kw_only=True)
class Credentials:
    """What the files of the settings hold."""

    certificate: x509.Certificate | None = None
    private_key: Any = field(default=None, repr=False)
    server_certificate: x509.Certificate | None = None
    user_certificate: x509.Certificate | None = None
    user_key: Any = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @classmethod
    async def load(cls, settings: LabviewSettings) -> Credentials:
        """Read them.

        :raises ConnectorError: a file cannot be read, or is not what its key says.
        """
        security = settings.opcua.security if settings.opcua else SecuritySettings()
        user = settings.user
        certificate, key = await _pair(security, "opcua.security")
        user_certificate, user_key = await _pair(user, "user")
        server = security.server_certificate
        return cls(
            certificate=certificate,
            private_key=key,
            server_certificate=await _certificate(server, "opcua.security.server_certificate") if server else None,
            user_certificate=user_certificate,
            user_key=user_key,
            password=read_secret(user.password, user.password_file, "user.password_file") if user else None,
        )


async def _pair(section: SecuritySettings | UserSettings | None, where: str) -> tuple[x509.Certificate | None, Any]:
    if section is None or section.certificate is None or section.private_key is None:
        return None, None
    certificate = await _certificate(section.certificate, f"{where}.certificate")
    what = f"{where}.private_key"
    content = read_bytes(section.private_key, what)
    try:
        key = await uacrypto.load_private_key(content, section.private_key_password, _format_of(content))
    except (ValueError, TypeError) as exc:
        msg = f"{what}: {section.private_key} is no private key, or its password is not the right one"
        raise ConnectorError(msg) from exc
    if key.public_key() != certificate.public_key():
        msg = f"{what}: {section.private_key} is not the key of {section.certificate}"
        raise ConnectorError(msg)
    return certificate, key


async def _certificate(file: Any, what: str) -> x509.Certificate:
    content = read_bytes(file, what)
    try:
        return await uacrypto.load_certificate(content, _format_of(content))
    except ValueError as exc:
        msg = f"{what}: {file} is no certificate in PEM or DER form"
        raise ConnectorError(msg) from exc


def _format_of(content: bytes) -> str:
    return "pem" if b"-----BEGIN" in content[:4096] else "der"


async def make_client(settings: LabviewSettings, credentials: Credentials) -> Client:
    """Make a client that is not connected yet."""
    own = settings.opcua or OpcUaSettings()
    client = Client(settings.url, timeout=settings.connect_timeout_s)
    client.name = client.description = "Osprey"
    client.product_uri = "urn:osprey:labview"
    client.application_uri = _application_uri(credentials.certificate) or "urn:osprey:labview:client"
    client.max_messagesize = own.max_answer_bytes
    client.session_timeout = int(own.session_timeout_s * 1000)
    await _protect(client, own.security, credentials)
    if credentials.user_certificate is not None:
        client.user_certificate = credentials.user_certificate
        client.user_private_key = credentials.user_key
    return client


async def _protect(client: Client, security: SecuritySettings, credentials: Credentials) -> None:
    if security.policy is SecurityPolicy.NONE or credentials.server_certificate is None:
        return
    await client.set_security(
        _POLICIES[security.policy],
        CertProperties(uacrypto.der_from_x509(credentials.certificate), "der"),
        CertProperties(uacrypto.pem_from_key(credentials.private_key), "pem"),
        server_certificate=CertProperties(uacrypto.der_from_x509(credentials.server_certificate), "der"),
        mode=ua.MessageSecurityMode[security.mode.value],
    )


def _application_uri(certificate: x509.Certificate | None) -> str | None:
    """A server compares the name of the application with the URI in its certificate."""
    if certificate is None:
        return None
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    return uris[0] if uris else None


def require_protected_password(client: Client, settings: LabviewSettings) -> None:
    """Refuse to send a password where neither the channel nor the server's own key encrypts it.

    :raises LinkError: it would be readable on its way.
    """
    user, mode = settings.user, client.security_policy.Mode
    if user is None or not user.has_password or settings.allow_plain_secrets:
        return
    if mode == ua.MessageSecurityMode.SignAndEncrypt:
        return
    token_policy = client.server_policy(ua.UserTokenType.UserName)
    # Without a pinned certificate nobody knows whose key the password would be encrypted with.
    if mode == ua.MessageSecurityMode.Sign and token_policy.SecurityPolicyUri not in _NO_POLICY:
        return
    msg = (
        "the password would be readable on its way: set opcua.security (SignAndEncrypt), "
        "or allow_plain_secrets where the network is trusted"
    )
    raise LinkError(Failure(ErrorKind.PERMISSION, msg, "plain password"))
