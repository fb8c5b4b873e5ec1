"""Write the pages of docs/reference that are made from the code: `make docs`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import click
import pluggy
from tests.docs import configuration

from osprey import hookspecs, registrations
from osprey.cli.root import osprey

REFERENCE = Path(__file__).parents[2] / "docs/reference"


def pages() -> dict[str, str]:
    """Give the generated pages by file name."""
    return {"cli.md": _command_line(), "configuration.md": configuration.page(), "hooks.md": _hooks()}


def _command_line() -> str:
    parts = ["# The command line\n\nGenerated from `--help`; `make docs` writes it anew.\n"]
    for path, context in _commands(osprey, _root_context()):
        parts.append(f"## `{path}`\n\n```text\n{context.command.get_help(context)}\n```\n")
    return "\n".join(parts)


def _root_context() -> click.Context:
    # The settings are those of a real run: without them the page would not have `-h`.
    return click.Context(osprey, info_name="osprey", **{**osprey.context_settings, "terminal_width": 100})


def _commands(command: click.Command, context: click.Context) -> Iterator[tuple[str, click.Context]]:
    yield context.command_path, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None and not child.hidden:
                yield from _commands(child, click.Context(child, info_name=name, parent=context, terminal_width=100))


def _hooks() -> str:
    parts = [
        "# Extension points\n\nGenerated from `osprey.hookspecs` and `osprey.registrations` by `make docs`.\n",
        f"{inspect.getdoc(hookspecs)}\n",
    ]
    for name in hook_names():
        text = inspect.getdoc(getattr(hookspecs, name)) or ""
        prose, _, example = text.partition("\n>>> ")
        parts.append(f"## `{name}()`\n\n{prose.strip()}\n\n```pycon\n>>> {example.strip()}\n```\n")
    parts.append("## Registrations\n")
    for name, kind in vars(registrations).items():
        if inspect.isclass(kind) and issubclass(kind, registrations.Registration):
            fields = ", ".join(f"`{field}`" for field in kind.__annotations__)
            own = f" Fields: {fields}." if fields else ""
            parts.append(f"- **{name}** {inspect.getdoc(kind)}{own}")
    return "\n".join(parts) + "\n"


def hook_names() -> list[str]:
    """Give the names of all hooks, in the order of their declaration."""
    manager = pluggy.PluginManager(hookspecs.PROJECT_NAME)
    manager.add_hookspecs(hookspecs)
    return [name for name in vars(hookspecs) if hasattr(manager.hook, name)]


if __name__ == "__main__":
    for file_name, text in pages().items():
        (REFERENCE / file_name).write_text(text, encoding="utf-8")
        print(f"wrote docs/reference/{file_name}")
