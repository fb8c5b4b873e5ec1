"""`osprey approvals edit`: another request in the place of one that waits, checked again, approved by nobody yet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from difflib import get_close_matches
from typing import IO, TYPE_CHECKING, Any, cast

import anyio
import click
from attrs import frozen

from osprey.cli.approvals.people import Claimed, identity_of_claim, identity_options
from osprey.cli.context import cli_project
from osprey.errors import UsageError

if TYPE_CHECKING:
    from osprey.approval import Identity
    from osprey.journal import RequestRow
    from osprey.project import Project


@frozen(kw_only=True)
class Change:
    """What was typed behind `approvals edit`; nothing of it: the editor is opened."""

    values: tuple[str, ...] = ()
    """``CHANNEL=VALUE``, or ``FIELD=VALUE`` of a request without channels."""
    dropped: tuple[int, ...] = ()
    content: bytes | None = None


@click.command("edit")
@click.argument("request_id", metavar="ID")
@click.option("--set", "values", metavar="CHANNEL=VALUE", multiple=True, help="Write another value; repeatable.")
@click.option("--drop", "dropped", metavar="N", type=click.IntRange(min=1), multiple=True, help="Leave an item out.")
@click.option("--file", "file", type=click.File("rb"), help="Take all of it from a file, as the editor shows it.")
@click.option("--json", "as_json", is_flag=True, help="Print the new request as an object.")
@identity_options
def edit_request(
    request_id: str,
    values: tuple[str, ...],
    dropped: tuple[int, ...],
    file: IO[bytes] | None,
    as_json: bool,
    name: str | None,
    secret_fd: int | None,
) -> None:
    """Put a changed request in the place of one that waits. Everything is checked again; nothing is approved by it.

    Without --set, --drop and --file the request is opened in $VISUAL or $EDITOR.
    """
    if file is not None and (values or dropped):
        raise UsageError("--file says all of it: leave --set and --drop away")
    change = Change(values=values, dropped=dropped, content=None if file is None else file.read())
    anyio.run(_edit, request_id, change, Claimed(name=name, secret_fd=secret_fd), as_json)


async def _edit(request_id: str, change: Change, claimed: Claimed, as_json: bool) -> None:
    from osprey.cli.approvals.listing import plain_request
    from osprey.journal import journal_of

    async with cli_project() as project:
        identity = await identity_of_claim(project, claimed)
        before = await journal_of(project).requests.get(request_id)
        after = await _revised(project, before, change, identity)
        if as_json:
            click.echo(json.dumps(plain_request(after, 0), ensure_ascii=False))
        else:
            print_revision(project, before, after)


async def _revised(project: Project, row: RequestRow, change: Change, identity: Identity) -> RequestRow:
    from osprey.approval import desk
    from osprey.cli.approvals.editor import Paper, edit_in_editor, editable_of

    if change.content is not None:
        edited = Paper.of(editable_of(project, row)).read("--file", change.content)
        return await desk.edit(project, row.id, edited, identity)
    if not change.values and not change.dropped:
        return await edit_in_editor(project, row, identity)
    return await desk.edit(project, row.id, changed(editable_of(project, row), change), identity)


def print_revision(project: Project, before: RequestRow, after: RequestRow) -> None:
    """Show what an edit has changed, and the request that is there now."""
    from rich.console import Console

    from osprey.approval.decisions import short_hash
    from osprey.approval.dossier import difference_between
    from osprey.cli.approvals.sections import draw_difference

    if lines := difference_between(project, before, after):
        Console(highlight=False).print(draw_difference(lines))
    told = "Nobody has approved it" if after.state == "pending" else f"It is {after.state} by a remembered decision"
    click.echo(f"Filed {after.id}, hash {short_hash(after.sha256)}, in the place of {before.id}. {told}.")


def changed(editable: dict[str, Any], change: Change) -> dict[str, Any]:
    """Carry out `--drop` and `--set` on what may be changed of a request.

    :raises UsageError: there is no such item, channel or field, or a channel stands there more than once.
    """
    if "groups" not in editable:
        return _changed_fields(editable, change)
    groups, number = list[list[dict[str, Any]]](), 0
    for group in cast("list[list[dict[str, Any]]]", editable["groups"]):
        kept = [dict(item) for place, item in enumerate(group, start=number + 1) if place not in change.dropped]
        number += len(group)
        groups.append(kept)
    if unknown := [place for place in change.dropped if place > number]:
        msg = f"there is no item {unknown[0]} to drop: the request has {number}"
        raise UsageError(msg)
    for text in change.values:
        _set_value([item for group in groups for item in group], text)
    return {**editable, "groups": groups}


def _set_value(items: Sequence[dict[str, Any]], text: str) -> None:
    from osprey.cli.channel_values import Intended, value_of
    from osprey.control import ChannelInfo, DType
    from osprey.control.wire import to_wire

    channel, value = _cut(text)
    found = [item for item in items if item["channel"] == channel]
    if len(found) != 1:
        raise UsageError(_not_one(channel, len(found), [item["channel"] for item in items]))
    # What is written now says how the text is to be read; a number may become another kind of number.
    now = found[0]["value"]
    dtype = DType.BOOL if isinstance(now, bool) else DType.STR if isinstance(now, str) else None
    info = None if dtype is None else ChannelInfo(channel=channel, name=channel, dtype=dtype)
    found[0]["value"] = to_wire(value_of(Intended(asked=channel, text=value), info))


def _not_one(channel: str, count: int, channels: Sequence[str]) -> str:
    if count:
        return f"{channel} is written {count} times: open the request in the editor, or use --file"
    near = get_close_matches(channel, channels, n=1, cutoff=0.3)
    return f"the request does not write {channel!r}{f'; did you mean {near[0]}?' if near else ''}"


def _changed_fields(editable: dict[str, Any], change: Change) -> dict[str, Any]:
    if change.dropped:
        raise UsageError("--drop is for lists of writes: this request has no items")
    fields = dict(editable)
    for text in change.values:
        name, value = _cut(text)
        if name not in fields:
            msg = f"what can be edited is {', '.join(fields)}, not {name!r}"
            raise UsageError(msg)
        fields[name] = value if isinstance(fields[name], str) else _parsed(name, value)
    return fields


def _parsed(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as exc:
        msg = f"{name} takes JSON, and {text!r} is none: {exc}"
        raise UsageError(msg) from exc


def _cut(text: str) -> tuple[str, str]:
    # A channel's name may hold an equals sign (OPC UA); a field's never does, and its text may.
    name, mark, value = text.rpartition("=") if text.startswith(("ns=", "nsu=")) else text.partition("=")
    if not mark or not name.strip():
        msg = f"--set is CHANNEL=VALUE, not {text!r}"
        raise UsageError(msg)
    return name.strip(), value.strip()
