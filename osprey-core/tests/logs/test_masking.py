"""No secret is written: a canary goes through every form, place and kind of text."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.config import load_config
from osprey.config.masking import Masking, masking_of
from osprey.config.secrets import MASK
from osprey.logs import logging_in

CANARY = "ca'na\\ry&/7"
CONFIG = """
api:
  providers:
    lab: {{dialect: openai, base_url: "http://127.0.0.1:1", api_key: "${{LAB_KEY}}", headers: {{X-Lab: header-canary}}}}
control_system:
  connector:
    sim: {{}}
mine: {{}}
logging: {{format: {form}, level: debug{file}}}
"""
ENVIRON = {"LAB_KEY": CANARY, "OTHER_API_TOKEN": "token-of-a-variable", "KEY_FILE": "/etc/path/of/a/key"}


def _log_everywhere() -> None:
    for name in ("osprey.agent", "httpx", "a.library"):
        log = logging.getLogger(name)
        log.debug("asked with %r and %s", CANARY, {"X-Lab": "header-canary"})
        log.warning("at http://user:%s@host and %s", "in-url-canary", quote(CANARY, safe=""))
        try:
            try:
                raise ValueError(f"key {CANARY} is wrong")  # noqa: TRY301
            except ValueError as exc:
                raise RuntimeError({"authorization": "Bearer chained-canary"}, json.dumps(CANARY)) from exc
        except RuntimeError:
            log.exception("failed: %s", "token-of-a-variable")
        log.error("stack", stack_info=True)


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("file", ["", ", file: a.log"])
def test_a_secret_reaches_no_place(tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str, file: str) -> None:
    config = CONFIG.format(form=form, file=file).replace("mine: {}\n", "")
    (tmp_path / "config.yml").write_text(config, encoding="utf-8")
    assert load_config(tmp_path, environ=ENVIRON).logging.format == form
    with logging_in(tmp_path, environ=ENVIRON):
        _log_everywhere()
    written = (tmp_path / "a.log").read_text() if file else capsys.readouterr().err
    assert written.count("failed: ") == 3
    assert written.count(MASK) >= 20
    assert "canary" not in written
    assert "token-of-a-variable" not in written
    for shown in (CANARY, repr(CANARY)[1:-1], json.dumps(CANARY)[1:-1], quote(CANARY, safe="")):
        assert shown not in written
        assert json.dumps(shown)[1:-1] not in written


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer CANARY\r\nHost: x",
        "{'Authorization': 'Basic CANARY'}",
        "[(b'authorization', b'Custom CANARY')]",
        '{"x-api-key": "CANARY", "a": 1}',
        "x-api-key: CANARY",
        "('api-key', 'CANARY')",
        "Cookie: session=CANARY; more",
        "GET /?api_key=CANARY&a=1",
        "password=CANARY",
        "auth_token: CANARY, next",
        "bearer CANARY",
        "sk-proj-CANARY-and-more",
        "postgresql://osprey:CANARY@host/db",
        "two: http://a:CANARY@b and http://a:CANARY@c",
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str) -> None:
    assert "CANARY" not in Masking()(text.replace("CANARY", "CANARY77"))


@pytest.mark.parametrize(
    "text",
    [
        "max_tokens=500, key 'a' is unknown",
        "channel SR:S02:HCM03:CURRENT:SP = 1.5 A",
        "asked http://127.0.0.1:4318/v1/traces at 10:30",
        "the authorization of alice, once given",
        "task-runner and risk-free",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Masking()(text) == text


def test_a_password_in_a_url_of_the_configuration_is_masked_where_it_stands_alone(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text("facility: {name: 'http://user:canary77@host'}", encoding="utf-8")
    mask = masking_of(load_config(tmp_path, environ={}).document, {})
    assert mask("no user with canary77") == f"no user with {MASK}"


def test_of_two_secrets_one_of_which_begins_the_other_nothing_is_left() -> None:
    mask = masking_of(None, {"A_KEY": "canary-77", "B_KEY": "canary-77-and-more"})
    assert mask("it is canary-77-and-more") == f"it is {MASK}"


def test_a_path_and_a_short_word_of_the_environment_are_no_secrets() -> None:
    mask = masking_of(None, {"KEY_FILE": "/etc/lab.key", "A_TOKEN": "short"})
    assert mask("/etc/lab.key is short") == "/etc/lab.key is short"


@given(st.text(min_size=8).filter(lambda text: not text.startswith("/") and "*" not in text), st.text(), st.text())
def test_whatever_the_secret_and_whatever_is_around_it(secret: str, before: str, after: str) -> None:
    masked = masking_of(None, {"A_KEY": secret})(before + secret + after)
    assert secret not in masked
