"""The settings of a target with connector `labview`; nothing here imports a library of a protocol."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from attrs import Attribute, field, frozen


class Transport(StrEnum):
    """The way to LabVIEW."""

    OPCUA = "opcua"
    HTTP = "http"


class SecurityPolicy(StrEnum):
    """How an OPC UA channel is protected; older policies are broken and not offered."""

    NONE = "None"
    BASIC256SHA256 = "Basic256Sha256"
    AES128_SHA256_RSAOAEP = "Aes128Sha256RsaOaep"
    AES256_SHA256_RSAPSS = "Aes256Sha256RsaPss"


class SecurityMode(StrEnum):
    """What a security policy is used for."""

    SIGN = "Sign"
    SIGN_AND_ENCRYPT = "SignAndEncrypt"


_SCHEMES = {Transport.OPCUA: ("opc.tcp",), Transport.HTTP: ("http", "https")}


def _is_positive(instance: object, attribute: Attribute[float], value: float) -> None:
    if not value > 0:
        msg = f"{attribute.name} {value}: give a number above 0"
        raise ValueError(msg)


def _is_given_once(name: str, plain: str | None, file: Path | None) -> None:
    if plain is not None and file is not None:
        msg = f"{name} and {name}_file mean the same; keep {name}_file"
        raise ValueError(msg)


@frozen(kw_only=True)
class UserSettings:
    """Who Osprey is at the server; anonymous without it."""

    name: str | None = None
    """The name of the user."""
    password: str | None = field(default=None, repr=False)
    """The password; write it as ``${VAR}``, never plainly."""
    password_file: Path | None = None
    """A file that holds the password and nothing else."""
    certificate: Path | None = None
    """OPC UA only: a certificate (PEM or DER) instead of a name."""
    private_key: Path | None = None
    """The key of `certificate`."""
    private_key_password: str | None = field(default=None, repr=False)
    """What the file of the key is encrypted with; write it as ``${VAR}``."""

    def __attrs_post_init__(self) -> None:
        _is_given_once("password", self.password, self.password_file)
        if (self.certificate is None) is not (self.private_key is None):
            msg = "user: certificate and private_key go together"
            raise ValueError(msg)
        if (self.name is None) is (self.certificate is None):
            msg = "user: give either a name (with a password or a password_file), or a certificate"
            raise ValueError(msg)
        if self.has_password and self.name is None:
            msg = "user: a password needs a name"
            raise ValueError(msg)
        if self.private_key_password is not None and self.private_key is None:
            msg = "user: private_key_password needs a private_key"
            raise ValueError(msg)

    @property
    def has_password(self) -> bool:
        return self.password is not None or self.password_file is not None


@frozen(kw_only=True)
class SecuritySettings:
    """How the OPC UA channel is protected; not at all without it."""

    policy: SecurityPolicy = SecurityPolicy.NONE
    """The algorithms."""
    mode: SecurityMode = SecurityMode.SIGN_AND_ENCRYPT
    """Only signed, or also encrypted."""
    certificate: Path | None = None
    """The certificate of this client (PEM or DER), which the server has to trust."""
    private_key: Path | None = None
    """Its key."""
    private_key_password: str | None = field(default=None, repr=False)
    """What the file of the key is encrypted with; write it as ``${VAR}``."""
    server_certificate: Path | None = None
    """The certificate of the server; a server with another one is not talked to."""

    def __attrs_post_init__(self) -> None:
        files = (self.certificate, self.private_key, self.server_certificate)
        if self.policy is SecurityPolicy.NONE and any(files):
            msg = "security: certificates have no use with policy None; name a policy"
            raise ValueError(msg)
        if self.policy is not SecurityPolicy.NONE and not all(files):
            msg = f"security: policy {self.policy} needs certificate, private_key and server_certificate"
            raise ValueError(msg)


@frozen(kw_only=True)
class OpcUaSettings:
    """What only OPC UA has."""

    security: SecuritySettings = field(factory=SecuritySettings)
    """How the channel is protected."""
    max_nodes_per_request: int = field(default=1000, validator=_is_positive)
    """The most nodes of one request; a lower limit of the server is kept by itself."""
    max_answer_bytes: int = field(default=64 * 2**20, validator=_is_positive)
    """The largest answer that the server is allowed to send."""
    session_timeout_s: float = field(default=60.0, validator=_is_positive)
    """How long the server keeps the session of a client that has gone silent."""
    watchdog_s: float = field(default=5.0, validator=_is_positive)
    """How often the server is asked whether it lives, and how long it may take to answer."""
    search_s: float = field(default=20.0, validator=_is_positive)
    """The longest that a search walks through the server's nodes."""


@frozen(kw_only=True)
class WebSettings:
    """What only the web service has."""

    token: str | None = field(default=None, repr=False)
    """A bearer token; write it as ``${VAR}``, never plainly."""
    token_file: Path | None = None
    """A file that holds the token and nothing else."""
    ca_file: Path | None = None
    """Certificates of authorities (PEM) that vouch for the server, instead of the well-known ones."""
    verify_tls: bool = True
    """False accepts whatever certificate is shown: whoever is on the way can read and change everything."""
    max_channels_per_request: int = field(default=1000, validator=_is_positive)
    """The most channels of one request."""
    max_answer_bytes: int = field(default=16 * 2**20, validator=_is_positive)
    """A larger answer is refused."""
    poll_period_s: float = field(default=0.1, validator=_is_positive)
    """The least time between two polls of a subscription."""

    def __attrs_post_init__(self) -> None:
        _is_given_once("token", self.token, self.token_file)
        if self.ca_file is not None and not self.verify_tls:
            msg = "http: ca_file has no use with verify_tls: false"
            raise ValueError(msg)

    @property
    def has_token(self) -> bool:
        return self.token is not None or self.token_file is not None


@frozen(kw_only=True)
class LabviewSettings:
    """The whole section."""

    url: str
    """``opc.tcp://host:port/path`` for OPC UA, ``https://host/path`` for the web service; without a user."""
    transport: Transport = Transport.OPCUA
    """Which of the two."""
    user: UserSettings | None = None
    """Who Osprey is at the server."""
    allow_plain_secrets: bool = False
    """Send a password or a token even where nothing protects it on its way."""
    connect_timeout_s: float = field(default=5.0, validator=_is_positive)
    """How long one attempt to connect may take, and over HTTP one poll of a subscription."""
    opcua: OpcUaSettings | None = None
    """What only OPC UA has."""
    http: WebSettings | None = None
    """What only the web service has."""

    def __attrs_post_init__(self) -> None:
        _check_url(self.url, self.transport)
        other = {Transport.OPCUA: "http", Transport.HTTP: "opcua"}[self.transport]
        if getattr(self, other) is not None:
            msg = f"the section {other!r} has no use with transport {self.transport}; remove it"
            raise ValueError(msg)
        if self.transport is Transport.HTTP:
            _check_web_user(self.user, self.http)


def _check_url(url: str, transport: Transport) -> None:
    schemes = _SCHEMES[transport]
    try:
        parts = urlsplit(url)
        has_user = "@" in parts.netloc
        is_good = parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        has_user, is_good = "@" in url, False
    if has_user:
        msg = "url: a user and a password do not belong into the address; use the keys of `user`"
        raise ValueError(msg)
    if not is_good or parts.query or parts.fragment:
        wanted = " or ".join(f"{scheme}://host:port/path" for scheme in schemes)
        msg = f"url {url!r}: transport {transport} takes {wanted}"
        raise ValueError(msg)


def _check_web_user(user: UserSettings | None, http: WebSettings | None) -> None:
    if user is None:
        return
    if user.certificate is not None:
        msg = "user: transport http takes a name with a password, not a certificate"
        raise ValueError(msg)
    if not user.has_password:
        msg = "user: transport http needs a password or a password_file with the name"
        raise ValueError(msg)
    if http is not None and http.has_token:
        msg = "user and http.token are two ways to say who Osprey is; keep one"
        raise ValueError(msg)
