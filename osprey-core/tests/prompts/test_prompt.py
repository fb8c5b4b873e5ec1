"""One prompt's file: its head is read strictly, and its text is filled in by nothing but what it declares."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.errors import ConfigError
from osprey.prompts.prompt import Base, read_prompt

HEAD = "---\nname: greet\nversion: 2\nabout: Say a word\ninputs: name, count\noverrides: hello@1\n---\n"


def test_a_prompt_has_its_head_and_its_text() -> None:
    prompt = read_prompt(f"{HEAD}\nGood morning, {{{{ name }}}}.\n", "greet.md")
    assert (prompt.name, prompt.version, prompt.inputs) == ("greet", 2, ("name", "count"))
    assert prompt.overrides == Base("hello", 1)
    assert prompt.render(name="<Ada>", count=3) == "Good morning, <Ada>."


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("no head", "has no head"),
        ("---\nname: a\n", "has no head"),
        ("---\nname: a\n---\n", "lacks version, about, inputs"),
        (HEAD.replace("version: 2", "version: two"), "'version' is 'two'"),
        (HEAD.replace("version: 2", "version: 0"), "'version' is '0'"),
        (HEAD.replace("name: greet", "name: Greet!"), "'name' is 'Greet!'"),
        (HEAD.replace("about", "abuot"), "did you mean 'about'"),
        (HEAD.replace("about:", "name:"), "'name' stands twice"),
        (HEAD.replace("hello@1", "hello"), "'overrides' is 'hello'"),
        (HEAD.replace("name, count", "name; count"), "'inputs' is"),
        (f"{HEAD}{{{{ other }}}}", "uses other, which 'inputs' does not declare"),
        (f"{HEAD}{{% if name %}}", "is no template"),
        (f"{HEAD}{'x' * 100_001}", "at most 100000"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_name(text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=r"^greet\.md") as raised:
        read_prompt(text, "greet.md")
    assert told in str(raised.value)


def test_a_missing_input_is_an_error() -> None:
    prompt = read_prompt(f"{HEAD}{{{{ name }}}}", "greet.md")
    with pytest.raises(ConfigError, match="needs count"):
        prompt.render(name="Ada")


@pytest.mark.parametrize("attack", ["name.__class__.__mro__", "name.format.__globals__", "1 // 0"])
def test_a_text_reaches_nothing_of_python(attack: str) -> None:
    prompt = read_prompt(f"{HEAD}{{{{ {attack} }}}}", "greet.md")
    with pytest.raises(ConfigError, match="cannot be filled in"):
        prompt.render(name="Ada", count=1)


def test_what_is_put_in_is_never_read_as_a_template() -> None:
    prompt = read_prompt(f"{HEAD}{{{{ name }}}}", "greet.md")
    assert prompt.render(name="{{ count }}{% raw %}", count=1) == "{{ count }}{% raw %}"


@given(st.text(max_size=300))
def test_any_text_is_a_prompt_or_a_config_error(text: str) -> None:
    for candidate in (text, HEAD + text):
        try:
            read_prompt(candidate, "f.md")
        except ConfigError:
            continue
