"""A broken file: every problem at once, each with file, line, column, key and remedy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.config import Config, InvalidConfigError, load_config
from osprey.errors import ExitCode

Load = Callable[..., Config]
Refusal = Callable[..., str]


def test_all_problems_of_a_file_are_told_in_one_error_in_the_order_of_lines(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text(
        "facilty: {name: x}\n"
        "execution: {memory_limit_mb: 0, disk_limit_mb: -1, code_generator: 3}\n"
        "control_system:\n"
        "  targets:\n"
        "    a: {connector: x, posture: aproval}\n"
        "    b: {conector: x}\n"
        "storage: 3\n"
    )
    with pytest.raises(InvalidConfigError) as caught:
        load_config(tmp_path, environ={})
    found = [(problem.mark.line, problem.path) for problem in caught.value.problems if problem.mark]
    assert found == [
        (1, "facilty"),
        (2, "execution.memory_limit_mb"),
        (2, "execution.disk_limit_mb"),
        (2, "execution.code_generator"),
        (5, "control_system.targets.a.posture"),
        (6, "control_system.targets.b.connector"),
        (6, "control_system.targets.b.conector"),
        (7, "storage"),
    ]
    assert str(caught.value).startswith(f"8 problems in {tmp_path / 'config.yml'}:")
    assert caught.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("facilty: {}", "line 1, column 1: facilty: unknown key 'facilty'; did you mean 'facility'?"),
        ("zzz: 1", "known sections: api, approval, archiver"),
        ("facility:\n  nam: x", "line 2, column 3: facility.nam: unknown key 'nam'; did you mean 'name'?"),
        ("execution: {modes: {readonly: {}}}", "did you mean 'read_only'?"),
        ("python_executor: {max_generation_retrys: 3}", "did you mean 'max_generation_retries'?"),
        ("archiver: {tpye: x}", "archiver.tpye: unknown key 'tpye'; did you mean 'type'?"),
        ("capabilities: {}", "unknown key 'capabilities'"),
        ("control_system: {targets: {'bad name': {connector: x}}}", "a target's name is letters"),
    ],
)
def test_an_unknown_key_is_an_error_with_the_closest_known_one(refusal: Refusal, text: str, said: str) -> None:
    assert said in refusal(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("facility: {name: 7}", "expected text, not the number 7; put it in quotes"),
        ("facility: {name: true}", "expected text, not the truth value true; put it in quotes"),
        ("facility: {name: [a]}", "expected text, not a list"),
        ("facility: {name: }", "expected text, not nothing; give it a value, or remove the key"),
        ("execution: {memory_limit_mb: true}", "expected a whole number, not the truth value true"),
        ("execution: {memory_limit_mb: '64'}", "not the text '64'; remove the quotes"),
        ("execution: {memory_limit_mb: 64.0}", "expected a whole number, not the number 64.0"),
        ("execution: {memory_limit_mb: }", "expected a whole number, not nothing"),
        ("approval: {expires_after_s: .inf}", "expected a finite number"),
        ("approval: {expires_after_s: .nan}", "expected a finite number"),
        ("approval: {expires_after_s: 1e999}", "expected a finite number"),
        (f"approval: {{expires_after_s: {'9' * 350}}}", "expected a finite number"),
        ("approval: {expires_after_s: -1}", "expected a finite number greater than 0, not -1"),
        ("approval: {expires_after_s: [1]}", "expected a number, not a list"),
        ("approval: {global_mode: on}", "expected one of disabled, selective, all_capabilities"),
        ("approval: {global_mode: selectiv}", "did you mean 'selective'?"),
        ("execution: {execution_method: Local}", "did you mean 'local'?"),
        ("storage: {path: ''}", "expected a path"),
        ("plugins: {require: osprey-epics}", "expected a list, not the text 'osprey-epics'; write it as [a, b]"),
        ("plugins: {disable: [1]}", "plugins.disable.0: expected text"),
        ("facility: {time_zone: Europe/Zurick}", "is no time zone; did you mean 'Europe/Zurich'"),
        ("facility: {time_zone: zurich}", "did you mean 'Europe/Zurich'"),
        ("facility: {time_zone: ../etc/passwd}", "is no time zone"),
        ("control_system: [a]", "expected a section: write it as indented"),
        ("control_system: {targets: {a: epics}}", "expected a section, not the text 'epics'"),
        ("control_system: {connector: {epics: 1}}", "control_system.connector.epics: expected a section"),
        ("execution: {local: {python_env_path: 3}}", "expected the path of an interpreter"),
        ("execution: {local: {python_env_path: [a]}}", "execution.local.python_env_path: expected text"),
        ("osprey: 3", "osprey: expected sections below it"),
    ],
)
def test_a_value_of_the_wrong_kind_says_what_was_expected_and_how_to_mend_it(
    refusal: Refusal, text: str, said: str
) -> None:
    message = refusal(text)
    assert said in message
    assert "config.yml, line 1, column " in message


@pytest.mark.parametrize(
    ("text", "place", "remedy"),
    [
        ("facility:\n\tname: x\n", "line 2, column 1", "indent with spaces, not with tabs"),
        ("facility:\n  name: a: b\n", "line 2, column 10", "quote a value that contains ': '"),
        ("facility:\n  name: 'x\n", "line 3, column 1", "close the quotation mark"),
        ("plugins: {require: [a, b\n", "line 2, column 1", "close the bracket"),
        ("facility:\n  name: x\n time_zone: UTC\n", "line 3, column 2", "indent the line as its neighbours"),
        ("a: 1\n---\nb: 2\n", "line 2, column 1", "a second document begins"),
        ("- a\n", "line 1, column 1", "the file holds no keys"),
        ("facility: {name: !secret x}\n", "line 1, column 18", "the tag !secret is not used"),
        ("facility: {<<: {name: x}}\n", "line 1, column 12", "merge keys ('<<') are not read"),
        ("facility: *b\n", "line 1, column 11", "names no anchor"),
        ("facility: &a {name: *a}\n", "line 1, column 21", "names no anchor"),
        ("? [a, b]\n: 1\n", "line 1, column 3", "a key must be a word"),
    ],
)
def test_broken_yaml_says_file_line_column_and_remedy(refusal: Refusal, text: str, place: str, remedy: str) -> None:
    message = refusal(text)
    assert f"config.yml, {place}" in message
    assert remedy in message


def test_the_same_key_twice_names_both_lines(refusal: Refusal) -> None:
    message = refusal("facility:\n  name: a\n  time_zone: UTC\n  name: b\n")
    assert "line 4, column 3: the key 'name' stands on line 2 and on line 4: keep one" in message


def test_an_alias_gives_the_value_of_its_anchor(load: Load) -> None:
    config = load("facility: {name: &n ring}\nplugins: {disable: [*n]}\n")
    assert config.plugins.disable == ("ring",)


def test_aliases_of_aliases_do_not_grow_without_end(refusal: Refusal) -> None:
    lines = ["models:", "  a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "the aliases of the file grow past" in refusal("\n".join(lines))


def test_a_file_that_is_nested_without_end_is_refused(refusal: Refusal) -> None:
    assert "nested too deeply" in refusal("models: " + "[" * 5000 + "]" * 5000)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_bytes(b"facility: {name: \xff}")
    with pytest.raises(InvalidConfigError, match="is not UTF-8 text"):
        load_config(tmp_path, environ={})


def test_a_folder_in_place_of_the_file_is_an_error_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "config.yml").mkdir()
    with pytest.raises(InvalidConfigError, match=r"config\.yml cannot be read: Is a directory"):
        load_config(tmp_path, environ={})


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "~\n", "facility:\ncontrol_system:\n  targets:\n"])
def test_a_file_without_values_gives_the_defaults(load: Load, text: str) -> None:
    config = load(text)
    assert config.control_system.default_target == "ring"


_PIECES = (
    *("approval", "control_system", "targets", "osprey", "x", "true", "0", "${X}"),
    *(":", " ", "  ", "\n", "\t", "- ", "? ", ",", "#", "|", "'", '"', "{", "}", "[", "]"),
    *("&a ", "*a ", "!!bool ", "%YAML 1.1\n", "---\n"),
)


@given(words=st.lists(st.sampled_from(_PIECES), max_size=25))
def test_no_text_makes_the_reader_fail_in_another_way(
    tmp_path_factory: pytest.TempPathFactory, words: list[str]
) -> None:
    folder = tmp_path_factory.getbasetemp() / "any-text"
    folder.mkdir(exist_ok=True)
    (folder / "config.yml").write_text("".join(words), encoding="utf-8")
    try:
        config = load_config(folder, environ={})
    except InvalidConfigError as exc:
        assert exc.problems
    else:
        assert not any(
            target.writes_enabled for name, target in config.control_system.targets.items() if name != "ring"
        )
