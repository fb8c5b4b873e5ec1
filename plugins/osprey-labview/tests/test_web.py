"""The web transport against servers that break the contract, vanish, are slow, or do not know who asks."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import anyio
import pytest
from asyncua.crypto import cert_gen
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID
from labview_opening import Opener
from opcua_server import free_port
from web_plant import Answer, Plant, basic, plant_answer, reply, server_of
from web_server import WebServer

from osprey.api import ConnectorError, DType, ErrorKind, Fault, Put, PutResult, Reading
from osprey_labview.settings import Transport, UserSettings, WebSettings

pytestmark = pytest.mark.anyio
HTTP = Transport.HTTP


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], str]]:
    """Serve in a thread of this process; gives the URL."""
    servers: list[ThreadingHTTPServer] = []

    def start(answer: Answer) -> str:
        servers.append(server_of(answer))
        threading.Thread(target=servers[-1].serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}/osprey/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def answering(status: int, body: Any, **headers: str) -> Answer:
    """Answer each write so, and everything else as a plant does."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    plant = plant_answer(Plant())

    def answer(handler: Any, operation: str, sent: bytes) -> None:
        if operation in ("write", "read"):
            reply(handler, status, content, **headers)
        else:
            plant(handler, operation, sent)

    return answer


async def write_one(connector: Any, timeout_s: float = 20, channel: str = "Q1:Current") -> PutResult:
    one = Put(channel=channel, value=2.0, dtype=DType.FLOAT)
    return (await connector.write([one], timeout_s=timeout_s))[0]


async def read_one(connector: Any, timeout_s: float = 20, channel: str = "Q1:Current") -> Any:
    return (await connector.read([channel], timeout_s=timeout_s))[0]


GOOD = {"channel": "Q1:Current", "type": "float", "value": 1.0}


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"{}", b'{"results": {}}', b'{"results": [5]}', b'{"results": []}',
        {"results": [GOOD, GOOD]}, {"results": [{**GOOD, "channel": "Q2:Current"}]}, {"results": [{"type": "float"}]},
        b'{"results": [{"channel": "Q1:Current", "type": "float", "value": NaN}]}', b"<html>", b"\x00" * 100,
    ],
)  # fmt: skip
async def test_an_answer_for_another_batch_is_an_error_and_not_a_reading(
    serve: Callable[[Answer], str], connect: Opener, body: Any
) -> None:
    connector = await connect(serve(answering(200, body)), transport=HTTP)
    with pytest.raises(ConnectorError):
        await read_one(connector)
    with pytest.raises(ConnectorError):
        await write_one(connector)


async def test_an_answer_that_is_too_large_is_refused(serve: Callable[[Answer], str], connect: Opener) -> None:
    body = b'{"results": "' + b"x" * (100 * 2**20) + b'"}'
    connector = await connect(serve(answering(200, body)), transport=HTTP)
    with pytest.raises(ConnectorError, match="larger than 16777216 bytes"):
        await read_one(connector)


async def test_the_largest_answer_is_configured(serve: Callable[[Answer], str], connect: Opener) -> None:
    url = serve(plant_answer(Plant()))
    connector = await connect(url, transport=HTTP, http=WebSettings(max_answer_bytes=300))
    assert isinstance(await read_one(connector), Reading)
    with pytest.raises(ConnectorError, match="larger than 300 bytes"):
        await connector.read(list(Plant().channels), timeout_s=20)


async def test_a_compressed_answer_is_refused(serve: Callable[[Answer], str], connect: Opener) -> None:
    bomb = gzip.compress(b"0" * 10_000_000)
    connector = await connect(serve(answering(200, bomb, Content_Encoding="gzip")), transport=HTTP)
    with pytest.raises(ConnectorError, match="compresses"):
        await read_one(connector)


@pytest.mark.parametrize(
    ("status", "read_kind", "write_kind"),
    [
        (400, ErrorKind.REJECTED, ErrorKind.REJECTED),
        (401, ErrorKind.PERMISSION, ErrorKind.PERMISSION),
        (403, ErrorKind.PERMISSION, ErrorKind.PERMISSION),
        (404, ErrorKind.UNSUPPORTED, ErrorKind.UNSUPPORTED),
        (422, ErrorKind.REJECTED, ErrorKind.REJECTED),
        (408, ErrorKind.TIMEOUT, ErrorKind.TIMEOUT),
        (409, ErrorKind.REJECTED, ErrorKind.TIMEOUT),
        (500, ErrorKind.REJECTED, ErrorKind.TIMEOUT),
        (502, ErrorKind.UNREACHABLE, ErrorKind.TIMEOUT),
        (503, ErrorKind.UNREACHABLE, ErrorKind.TIMEOUT),
        (302, ErrorKind.REJECTED, ErrorKind.TIMEOUT),
        (204, ErrorKind.REJECTED, ErrorKind.TIMEOUT),
    ],
)
async def test_each_status_has_its_word_and_only_a_promise_is_a_no(
    serve: Callable[[Answer], str], connect: Opener, status: int, read_kind: ErrorKind, write_kind: ErrorKind
) -> None:
    body = b"" if status == 204 else b'{"message": "why not"}'
    connector = await connect(serve(answering(status, body, Location="/elsewhere")), transport=HTTP)
    fault = await read_one(connector)
    assert (fault.kind, fault.raw) == (read_kind, f"HTTP {status}")
    result = await write_one(connector)
    assert (result.error, result.was_sent) == (write_kind, True)
    assert status == 204 or "why not" in result.message


@pytest.mark.parametrize("answered", [{"id": "0" * 32, "results": []}, {"results": [{"channel": "Q1:Current"}]}])
async def test_an_answer_to_another_write_is_an_error(
    serve: Callable[[Answer], str], connect: Opener, answered: Any
) -> None:
    connector = await connect(serve(answering(200, answered)), transport=HTTP)
    with pytest.raises(ConnectorError, match="another write"):
        await write_one(connector)


@pytest.mark.parametrize(
    "result", [{}, {"written": False}, {"written": "yes"}, {"error": "no"}, {"error": {"kind": 5}}]
)
async def test_a_result_that_says_neither_yes_nor_no_is_a_doubt(
    serve: Callable[[Answer], str], connect: Opener, result: dict[str, Any]
) -> None:
    plant = plant_answer(Plant())

    def answer(handler: Any, operation: str, body: bytes) -> None:
        if operation != "write":
            plant(handler, operation, body)
            return
        message = {"id": json.loads(body)["id"], "results": [{"channel": "Q1:Current", **result}]}
        reply(handler, 200, json.dumps(message).encode())

    connector = await connect(serve(answer), transport=HTTP)
    put = await write_one(connector)
    assert (put.error, put.was_sent) == (ErrorKind.INVALID_DATA, True)


async def test_a_put_that_is_late_may_have_landed_and_is_not_sent_again(
    serve: Callable[[Answer], str], connect: Opener, tmp_path: Path
) -> None:
    puts = tmp_path / "puts"
    plant = Plant(puts=puts, slow_s=0.5)
    connector = await connect(serve(plant_answer(plant)), transport=HTTP)
    await connector.describe(["Slow"], timeout_s=20)
    result = await write_one(connector, timeout_s=0.2, channel="Slow")
    assert (result.error, result.was_sent) == (ErrorKind.TIMEOUT, True)
    while (await read_one(connector, channel="Slow")).value != 2.0:
        await anyio.sleep(0.02)
    assert len(puts.read_text().splitlines()) == 1


async def test_a_server_that_hangs_up_is_asked_once(serve: Callable[[Answer], str], connect: Opener) -> None:
    plant, asked = plant_answer(Plant()), []

    def answer(handler: Any, operation: str, body: bytes) -> None:
        if operation == "describe":
            plant(handler, operation, body)
            return
        asked.append(operation)
        handler.close_connection = True

    connector = await connect(serve(answer), transport=HTTP)
    result = await write_one(connector)
    assert (result.error, result.was_sent) == (ErrorKind.UNREACHABLE, True)
    assert asked == ["write"]


async def test_a_server_that_is_not_there_gets_nothing(connect: Opener) -> None:
    connector = await connect(f"http://127.0.0.1:{free_port()}/", transport=HTTP)
    assert (await read_one(connector)).kind is ErrorKind.UNREACHABLE
    result = await write_one(connector)
    assert (result.error, result.was_sent) == (ErrorKind.UNREACHABLE, False)


async def test_large_batches_go_in_parts_and_no_id_is_used_twice(
    serve: Callable[[Answer], str], connect: Opener
) -> None:
    plant = Plant()
    plant.channels.update({f"X{place}": {"type": "float", "writable": True, "value": 0.0} for place in range(2500)})
    sizes: list[int] = []
    inner = plant_answer(plant)

    def answer(handler: Any, operation: str, body: bytes) -> None:
        message = json.loads(body)
        sizes.append(len(message.get("channels") or message["writes"]))
        inner(handler, operation, body)

    connector = await connect(serve(answer), transport=HTTP, http=WebSettings(max_channels_per_request=999))
    names = [f"X{place}" for place in range(2500)]
    results = await connector.write([Put(channel=n, value=1.0, dtype=DType.FLOAT) for n in names], timeout_s=60)
    assert results == [PutResult(channel=name) for name in names]
    readings = await connector.read(names * 4, timeout_s=60)
    assert {reading.value for reading in readings} == {1.0}
    assert max(sizes) == 999
    assert len(plant.ids) == 3


async def test_a_service_without_a_list_lists_nothing(serve: Callable[[Answer], str], connect: Opener) -> None:
    connector = await connect(serve(plant_answer(Plant(has_list=False))), transport=HTTP)
    assert await connector.search("", limit=10) == []


async def test_a_name_that_ends_like_a_field_is_a_name_of_its_own(
    serve: Callable[[Answer], str], connect: Opener
) -> None:
    connector = await connect(serve(plant_answer(Plant())), transport=HTTP)
    (info,) = await connector.describe(["Q1.VAL"], timeout_s=20)
    assert info.name == "Q1.VAL"


async def test_polls_keep_their_least_distance(serve: Callable[[Answer], str], connect: Opener) -> None:
    url = serve(plant_answer(Plant()))
    connector = await connect(url, transport=HTTP, http=WebSettings(poll_period_s=3600.0))
    async with connector.subscribe(["Q1:Current"], max_rate_hz=1000) as updates:
        await anext(updates)
        assert (await write_one(connector)).error is None
        with anyio.move_on_after(0.3) as scope:
            await anext(updates)
        assert scope.cancelled_caught


class TellersOwnError(Exception):
    pass


async def test_an_exception_in_a_subscription_comes_out_as_it_is(
    serve: Callable[[Answer], str], connect: Opener
) -> None:
    connector = await connect(serve(plant_answer(Plant())), transport=HTTP)
    with pytest.raises(TellersOwnError):
        async with connector.subscribe(["Q1:Current"]):
            raise TellersOwnError


@pytest.mark.parametrize(
    ("authorization", "settings"),
    [
        ("Bearer hush", {"http": {"token": "hush"}}),
        ("Bearer hush", {"http": {"token_file": "hush\n"}}),
        (basic("operator", "hü:sh"), {"user": {"name": "operator", "password": "hü:sh"}}),
        (basic("operator", "hush"), {"user": {"name": "operator", "password_file": "hush"}}),
    ],
)
async def test_whoever_the_service_knows_may_read(
    serve: Callable[[Answer], str], connect: Opener, tmp_path: Path, authorization: str, settings: dict[str, Any]
) -> None:
    url = serve(plant_answer(Plant(), authorization))
    settings = {name: dict(section) for name, section in settings.items()}
    for section in settings.values():
        for key in [key for key in section if key.endswith("_file")]:
            (tmp_path / key).write_text(section[key], encoding="utf-8")
            section[key] = tmp_path / key
    made = {"http": WebSettings, "user": UserSettings}
    known = await connect(url, transport=HTTP, **{key: made[key](**section) for key, section in settings.items()})
    assert isinstance(await read_one(known), Reading)
    stranger = await connect(url, transport=HTTP)
    assert (await read_one(stranger)).kind is ErrorKind.PERMISSION


async def test_a_secret_is_not_sent_where_it_could_be_read(connect: Opener) -> None:
    url, token = "http://labview.example/osprey", WebSettings(token="hush")
    with pytest.raises(ConnectorError, match="no TLS"):
        await connect(url, transport=HTTP, http=token)
    await connect(url, transport=HTTP, http=token, allow_plain_secrets=True)


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and its certificate for localhost in one file."""
    folder = tmp_path_factory.mktemp("tls")
    key = cert_gen.generate_private_key()
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    use = [ExtendedKeyUsageOID.SERVER_AUTH]
    certificate = cert_gen.generate_self_signed_app_certificate(key, "localhost", {}, names, extended=use)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "server.pem"
    file.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return file


async def test_a_server_is_verified_unless_that_is_switched_off(pem: Path, tmp_path: Path, connect: Opener) -> None:
    server = WebServer(tmp_path, certificate=pem)
    server.start()
    try:
        unknown = await read_one(await connect(server.url, transport=HTTP))
        assert isinstance(unknown, Fault)
        assert "certificate" in unknown.message.lower()
        for own in (WebSettings(ca_file=pem.parent / "ca.pem"), WebSettings(verify_tls=False)):
            assert isinstance(await read_one(await connect(server.url, transport=HTTP, http=own)), Reading)
    finally:
        server.stop()


async def test_a_file_of_authorities_that_cannot_be_used_is_named(connect: Opener, tmp_path: Path) -> None:
    with pytest.raises(ConnectorError, match=r"http\.ca_file"):
        await connect("https://labview.example/", transport=HTTP, http=WebSettings(ca_file=tmp_path / "none.pem"))
