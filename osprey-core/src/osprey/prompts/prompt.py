"""One prompt: a file with a head of ``key: value`` lines between two lines of ``---``, and below it the text."""

from __future__ import annotations

import re
from typing import Final

from attrs import frozen
from jinja2 import StrictUndefined, TemplateError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from osprey.config.closest import did_you_mean
from osprey.errors import ConfigError

_MARK: Final = "---"
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*")
_INPUT: Final = re.compile(r"[a-z][a-z0-9_]*")
_BASE: Final = re.compile(r"(?P<name>[a-z0-9_-]+)@(?P<version>[1-9][0-9]{0,5})")
_KEYS: Final = ("name", "version", "about", "inputs", "overrides")
_LARGEST: Final = 100_000
"""Characters; a prompt is read by a model at every question."""


@frozen
class Base:
    """The prompt, and the version of it, that another was written to take the place of."""

    name: str
    version: int


@frozen(kw_only=True)
class PromptFile:
    """A prompt as its file has it."""

    name: str
    version: int
    about: str
    inputs: tuple[str, ...]
    body: str
    place: str
    """The file, for messages and listings."""
    overrides: Base | None = None

    def render(self, **inputs: object) -> str:
        """Give the text with its inputs put in.

        :raises ConfigError: an input that it declares was not given, or the text cannot be filled in.
        """
        if missing := [name for name in self.inputs if name not in inputs]:
            msg = f"prompt '{self.name}' ({self.place}) needs {', '.join(missing)}, which nobody gave"
            raise ConfigError(msg)
        try:
            text = _environment().from_string(self.body).render({name: inputs[name] for name in self.inputs})
        except (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as exc:
            msg = f"prompt '{self.name}' ({self.place}) cannot be filled in: {exc}"
            raise ConfigError(msg) from exc
        return text.strip()


def read_prompt(text: str, place: str) -> PromptFile:
    """Read the text of a prompt's file.

    :raises ConfigError: it has no head, a key is missing, unknown, twice or of another form, or the text below uses
        what `inputs` does not declare; the message names the file and the remedy.
    """
    head, body = _split(text, place)
    fields = _fields(head, place)
    _match(_NAME, fields["name"], "lower-case words joined by '_' or '-'", "name", place)
    inputs = tuple(dict.fromkeys(part.strip() for part in fields["inputs"].split(",") if part.strip()))
    for name in inputs:
        _match(_INPUT, name, "names of inputs with commas between them", "inputs", place)
    _check_body(body, inputs, place)
    return PromptFile(
        name=fields["name"],
        version=_version(fields["version"], place),
        about=fields["about"],
        inputs=inputs,
        body=body,
        place=place,
        overrides=_base(fields.get("overrides", ""), place),
    )


def _split(text: str, place: str) -> tuple[list[str], str]:
    if len(text) > _LARGEST:
        msg = f"{place} has {len(text)} characters: a prompt has at most {_LARGEST}"
        raise ConfigError(msg)
    lines = text.removeprefix("\ufeff").splitlines()
    ends = [number for number, line in enumerate(lines) if line.strip() == _MARK]
    if len(ends) < 2 or ends[0] != 0:
        msg = f"{place} has no head: begin it with '---', the lines 'name:', 'version:', 'about:', 'inputs:', and '---'"
        raise ConfigError(msg)
    return lines[1 : ends[1]], "\n".join(lines[ends[1] + 1 :]).strip() + "\n"


def _fields(head: list[str], place: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, line in enumerate(head, start=2):
        key, colon, value = line.partition(":")
        key = key.strip()
        if not line.strip():
            continue
        if not colon or key not in _KEYS:
            hint = did_you_mean(key, _KEYS) or f"the keys are {', '.join(_KEYS)}"
            msg = f"{place}, line {number}: {key!r} is no key of a prompt; {hint}"
            raise ConfigError(msg)
        if key in found:
            msg = f"{place}, line {number}: {key!r} stands twice: keep one"
            raise ConfigError(msg)
        found[key] = value.strip()
    if missing := [key for key in _KEYS[:4] if key not in found]:
        msg = f"{place}: the head lacks {', '.join(missing)}"
        raise ConfigError(msg)
    return found


def _match(form: re.Pattern[str], value: str, wanted: str, key: str, place: str) -> None:
    if not form.fullmatch(value):
        msg = f"{place}: '{key}' is {value!r}: write {wanted}"
        raise ConfigError(msg)


def _version(text: str, place: str) -> int:
    _match(re.compile(r"[1-9][0-9]{0,5}"), text, "a whole number from 1 on", "version", place)
    return int(text)


def _base(text: str, place: str) -> Base | None:
    if not text:
        return None
    _match(_BASE, text, "the prompt and the version that it was made from, such as plan@1", "overrides", place)
    name, _, version = text.partition("@")
    return Base(name, int(version))


def _check_body(body: str, inputs: tuple[str, ...], place: str) -> None:
    try:
        used = meta.find_undeclared_variables(_environment().parse(body))
    except TemplateError as exc:
        number = getattr(exc, "lineno", None)
        line = f", line {number} below the head" if number else ""
        msg = f"{place}{line}: the text is no template: {exc}"
        raise ConfigError(msg) from exc
    if strange := sorted(used - set(inputs)):
        msg = f"{place}: the text uses {', '.join(strange)}, which 'inputs' does not declare"
        raise ConfigError(msg)


def _environment() -> ImmutableSandboxedEnvironment:
    """Give what fills in texts: no attribute of Python is reached from one, and a missing input is an error."""
    return ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # plain text for a model, not HTML
    )
