"""Protected channels and users, and secrets that stay secret."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asyncua.crypto import cert_gen
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID
from labview_opening import Opener
from opcua_server import OpcUaServer

from osprey.api import ConnectorError, ErrorKind, Reading
from osprey_labview.settings import OpcUaSettings, SecurityMode, SecurityPolicy, SecuritySettings, UserSettings

pytestmark = pytest.mark.anyio
PASSWORD = "se#cret"


async def make_pair(folder: Path, name: str, uri: str) -> None:
    """Make NAME.pem (the key) and NAME.der (its certificate)."""
    use = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
    key, file = folder / f"{name}.pem", folder / f"{name}.der"
    await cert_gen.setup_self_signed_certificate(key, file, uri, "localhost", use, {"organizationName": "Plant"})


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import anyio

    folder = tmp_path_factory.mktemp("certificates")

    async def make() -> None:
        await make_pair(folder, "server", "urn:freeopcua:python:server")
        for name in ("client", "user", "stranger"):
            await make_pair(folder, name, f"urn:osprey:test:{name}")

    anyio.run(make)
    return folder


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, certificates: Path) -> Any:
    server = OpcUaServer(tmp_path_factory.mktemp("guarded"), certificates=str(certificates), no_anonymous=True)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def security(certificates: Path) -> Callable[..., OpcUaSettings]:
    def make(policy: SecurityPolicy, mode: SecurityMode, **changed: Path) -> OpcUaSettings:
        files = {"certificate": "client.der", "private_key": "client.pem", "server_certificate": "server.der"}
        paths = {key: certificates / name for key, name in files.items()}
        return OpcUaSettings(security=SecuritySettings(policy=policy, mode=mode, **{**paths, **changed}))

    return make


BEST = (SecurityPolicy.AES256_SHA256_RSAPSS, SecurityMode.SIGN_AND_ENCRYPT)
OPERATOR = UserSettings(name="operator", password=PASSWORD)


async def read_one(connector: Any, server: OpcUaServer) -> Any:
    return (await connector.read([server.name("Q1.Current")], timeout_s=20))[0]


@pytest.mark.parametrize("mode", list(SecurityMode))
@pytest.mark.parametrize("policy", [policy for policy in SecurityPolicy if policy is not SecurityPolicy.NONE])
async def test_every_policy_reads(
    guarded: OpcUaServer,
    connect: Opener,
    security: Callable[..., OpcUaSettings],
    policy: SecurityPolicy,
    mode: SecurityMode,
) -> None:
    connector = await connect(guarded.url, user=OPERATOR, opcua=security(policy, mode))
    assert isinstance(await read_one(connector, guarded), Reading)
    session = await connector._loop.call(lambda: connector._link.session(float("inf")))
    in_force = session._client.security_policy
    assert (in_force.URI.rpartition("#")[2].replace("_", ""), in_force.Mode.name.replace("_", "")) == (
        policy.value.replace("_", ""),
        mode.value,
    )


async def test_a_server_with_another_certificate_is_not_talked_to(
    guarded: OpcUaServer, connect: Opener, security: Callable[..., OpcUaSettings], certificates: Path
) -> None:
    other = security(*BEST, server_certificate=certificates / "stranger.der")
    connector = await connect(guarded.url, user=OPERATOR, opcua=other, connect_timeout_s=2.0)
    fault = await read_one(connector, guarded)
    assert fault.kind in (ErrorKind.UNREACHABLE, ErrorKind.PERMISSION)


@pytest.mark.parametrize("user", [None, UserSettings(name="operator", password="wrong")])
async def test_whoever_the_server_does_not_know_lacks_permission(
    guarded: OpcUaServer, connect: Opener, security: Callable[..., OpcUaSettings], user: UserSettings | None
) -> None:
    connector = await connect(guarded.url, user=user, opcua=security(*BEST))
    fault = await read_one(connector, guarded)
    assert fault.kind is ErrorKind.PERMISSION
    assert "wrong" not in repr(fault)


async def test_a_user_can_show_a_certificate(
    guarded: OpcUaServer, connect: Opener, security: Callable[..., OpcUaSettings], certificates: Path
) -> None:
    user = UserSettings(certificate=certificates / "user.der", private_key=certificates / "user.pem")
    connector = await connect(guarded.url, user=user, opcua=security(*BEST))
    assert isinstance(await read_one(connector, guarded), Reading)


async def test_a_password_is_not_sent_where_it_could_be_read(guarded: OpcUaServer, connect: Opener) -> None:
    connector = await connect(guarded.url, user=OPERATOR)
    fault = await read_one(connector, guarded)
    assert (fault.kind, fault.raw) == (ErrorKind.PERMISSION, "plain password")
    allowed = await connect(guarded.url, user=OPERATOR, allow_plain_secrets=True)
    assert isinstance(await read_one(allowed, guarded), Reading)


async def test_secrets_come_from_files_and_keys_may_be_encrypted(
    guarded: OpcUaServer,
    connect: Opener,
    security: Callable[..., OpcUaSettings],
    certificates: Path,
    tmp_path: Path,
) -> None:
    (tmp_path / "password").write_text(f"{PASSWORD}\n", encoding="utf-8")
    key = serialization.load_pem_private_key((certificates / "client.pem").read_bytes(), None)
    locked = tmp_path / "client.key"
    locked.write_bytes(
        key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"open"),
        )
    )
    user = UserSettings(name="operator", password_file=tmp_path / "password")
    good = security(*BEST, private_key=locked, private_key_password="open")
    assert isinstance(await read_one(await connect(guarded.url, user=user, opcua=good), guarded), Reading)
    with pytest.raises(ConnectorError, match="password is not the right one"):
        await connect(guarded.url, user=user, opcua=security(*BEST, private_key=locked))


async def test_files_that_cannot_be_used_are_named_at_once(
    guarded: OpcUaServer, connect: Opener, security: Callable[..., OpcUaSettings], certificates: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    with pytest.raises(ConnectorError, match=r"password_file.*is empty"):
        await connect(guarded.url, user=UserSettings(name="operator", password_file=empty))
    with pytest.raises(ConnectorError, match=r"certificate.*cannot be read"):
        await connect(guarded.url, opcua=security(*BEST, certificate=tmp_path / "none.der"))
    with pytest.raises(ConnectorError, match="no certificate in PEM or DER form"):
        await connect(guarded.url, opcua=security(*BEST, server_certificate=empty))
    with pytest.raises(ConnectorError, match="is not the key of"):
        await connect(guarded.url, opcua=security(*BEST, private_key=certificates / "user.pem"))


async def test_a_secret_is_in_no_log_no_text_and_no_endpoint(
    guarded: OpcUaServer, connect: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    connector = await connect(guarded.url, user=OPERATOR, allow_plain_secrets=True)
    await read_one(connector, guarded)
    endpoints = await connector.endpoints(timeout_s=20)
    assert endpoints[0].is_reachable
    shown = [
        repr(connector._settings),
        repr(OPERATOR),
        repr(endpoints),
        repr(connector._link._credentials),
        caplog.text,
    ]
    assert "ReadRequest" in caplog.text  # the library's log was on
    assert [text for text in shown if PASSWORD in text] == []
