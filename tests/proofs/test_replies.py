"""Free text never approves, in whatever language, and whatever it pretends to be."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.proofs.replies import read_replies, run_replies

from osprey.approval import AnswerWord, parse_decision

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_no_reply_approves_and_what_was_said_is_kept(tmp_path: Path) -> None:
    tally = await run_replies(tmp_path)
    assert (tally.approvals, tally.faults) == ([], [])
    assert tally.kept == tally.languages.total() >= 500
    assert all(tally.languages[language] >= 125 for language in ("en", "de", "fr", "ja"))


SHA256 = "3fa94c12" + "7" * 56
DECISION = re.compile(r"\s*approve\s+3fa94c127*(\s+as\s+\S+|\s+only\s+[1-9][0-9,]*){0,2}\s*", re.IGNORECASE)
"""What an approval is, written down a second time."""


@given(reply=st.sampled_from(read_replies()), before=st.text(max_size=3), behind=st.text(max_size=3))
def test_nor_does_one_with_anything_around_it_that_does_not_make_it_a_decision(reply, before, behind) -> None:
    text = f"{before}{reply.text.replace('<SHORT>', SHA256[:8])}{behind}"
    decision = parse_decision(text, sha256=SHA256)
    assert decision is None or decision.word is not AnswerWord.APPROVE or DECISION.fullmatch(text)
