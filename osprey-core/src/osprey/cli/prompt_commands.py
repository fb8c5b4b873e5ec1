"""`osprey prompts`: what chat models are told, who says it, and how that differs from what Osprey brings along."""

from __future__ import annotations

import json
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from osprey.cli.context import cli_project
from osprey.errors import UsageError

if TYPE_CHECKING:
    from osprey.prompts.library import Prompts, Shelf

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_LARGEST = 4 * 1024 * 1024


@click.group()
def prompts() -> None:
    """Show what chat models are told, and where the project or a plugin says it otherwise."""


@prompts.command("list")
@_as_json
def list_command(as_json: bool) -> None:
    """List all prompts, who says each, and what is wrong with an override."""
    found = _prompts()
    if as_json:
        _print_json({"prompts": [_listed(shelf) for shelf in found.shelves.values()], "problems": list(found.problems)})
    else:
        for shelf in found.shelves.values():
            row = _listed(shelf)
            click.echo(f"{row['name']:<14} {row['version'] or '-':>3}  {row['from']:<10} {row['about']}")
    for warning in found.warnings:
        click.echo(f"warning: {warning}", err=True)


@prompts.command("show")
@click.argument("name")
@click.option(
    "--rendered-with",
    "inputs",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A JSON file with the inputs to put in.",
)
@_as_json
def show_command(name: str, inputs: Path | None, as_json: bool) -> None:
    """Show the text of a prompt that counts."""
    found = _prompts()
    prompt = found.get(name)
    told = found.shelf(name).told
    text = prompt.body if inputs is None else prompt.render(**_inputs(inputs))
    if as_json:
        _print_json({**_listed(found.shelf(name)), "inputs": list(prompt.inputs), "text": text})
        return
    about = f"{prompt.name}@{prompt.version}, from {told.owner} ({prompt.place}); inputs: {', '.join(prompt.inputs)}"
    click.echo(about, err=True)
    if told.warning:
        click.echo(f"warning: {told.warning}", err=True)
    click.echo(text.rstrip("\n"))


@prompts.command("diff")
@click.argument("name")
@_as_json
def diff_command(name: str, as_json: bool) -> None:
    """Show how the text that counts differs from the one that it takes the place of."""
    found = _prompts()
    prompt, shelf = found.get(name), found.shelf(name)
    base = shelf.base.file
    before = "" if base is None else base.body
    lines = list(
        unified_diff(
            before.splitlines(),
            prompt.body.splitlines(),
            fromfile="" if base is None else f"{base.place} ({base.name}@{base.version})",
            tofile=prompt.place,
            lineterm="",
        )
    )
    if as_json:
        _print_json({**_listed(shelf), "diff": lines})
    elif lines:
        click.echo("\n".join(lines))
    else:
        click.echo(f"{name} is as {shelf.base.owner} has it", err=True)


def _prompts() -> Prompts:
    from osprey.prompts.library import prompts_of

    return prompts_of(cli_project())


def _listed(shelf: Shelf) -> dict[str, Any]:
    told = shelf.told
    known = told.file or shelf.base.file
    base = shelf.base.file
    return {
        "name": shelf.name,
        "version": told.file.version if told.file else None,
        "base_version": base.version if base else None,
        "from": told.owner,
        "file": told.file.place if told.file else None,
        "about": known.about if known else "",
        "problem": told.problem,
        "warning": told.warning,
    }


def _inputs(path: Path) -> dict[str, Any]:
    """Read the inputs of a prompt.

    :raises UsageError: the file holds no JSON object.
    """
    try:
        with path.open("rb") as opened:
            text = opened.read(_LARGEST + 1)
        if len(text) > _LARGEST:
            msg = f"{path} is larger than {_LARGEST} bytes"
            raise UsageError(msg)
        found: Any = json.loads(text)
    except (OSError, ValueError, RecursionError) as exc:
        msg = f"{path} is not JSON: {exc}"
        raise UsageError(msg) from exc
    if not isinstance(found, dict):
        msg = f'{path} holds no JSON object: write the inputs as {{"name": value}}'
        raise UsageError(msg)
    return cast("dict[str, Any]", found)


def _print_json(document: Any) -> None:
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))
