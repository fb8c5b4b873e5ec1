"""`osprey approvals approve`: the whole of a request, some of its items, or one vote of several.

It works without a terminal, and the audit then has none in its row.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import anyio
import click
from attrs import frozen

from osprey.cli.approvals.people import Claimed, identity_of_claim, identity_options
from osprey.cli.context import cli_project
from osprey.errors import ExitCode, UsageError
from osprey.printable import printable

if TYPE_CHECKING:
    from osprey.approval.remembering import Wish
    from osprey.journal import RequestRow
    from osprey.project import Project

_DURATION: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(s|min|m|h|d)")
_SECONDS: Final = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_RANGE: Final = re.compile(r"(.+)=([^=]+)\.\.([^=]+)")


@frozen(kw_only=True)
class Approval:
    """What was typed behind `approvals approve`."""

    request_id: str
    hash_prefix: str
    chosen: tuple[int, ...] = ()
    left_out: tuple[int, ...] = ()
    wish: Wish | None = None
    comment: str = ""


@click.command("approve")
@click.argument("request_id", metavar="ID")
@click.option("--hash", "hash_prefix", required=True, help="At least 8 hex digits of the hash that `show` gives.")
@identity_options
@click.option("--only", metavar="1,3", help="Approve these items and none of the others.")
@click.option("--except", "left_out", metavar="2", help="Approve all items but these.")
@click.option("--remember", is_flag=True, help="Let this decision speak for the same again; needs --uses and --for.")
@click.option("--uses", type=click.IntRange(min=1), metavar="N", help="How often it may speak.")
@click.option("--for", "lasts", metavar="4h", help="How long: 30min, 4h, 2d.")
@click.option("--range", "ranges", metavar="CHANNEL=LOW..HIGH", multiple=True, help="Values that are covered as well.")
@click.option("--comment", default="", help="A remark that is kept with the approval.")
def approve_request(
    request_id: str,
    hash_prefix: str,
    only: str | None,
    left_out: str | None,
    comment: str,
    name: str | None,
    secret_fd: int | None,
    **remembered: Any,
) -> None:
    """Approve exactly what was shown; it is carried out once, by `osprey resume`.

    Where several people have to approve, this is one of their votes, and the command ends with exit code 4. Some items
    become a request of their own, which is checked again and approved with this.
    """
    _require_hash(hash_prefix)
    if only is not None and left_out is not None:
        raise UsageError("--only and --except exclude each other")
    approval = Approval(
        request_id=request_id,
        hash_prefix=hash_prefix,
        chosen=() if only is None else _numbers("--only", only),
        left_out=() if left_out is None else _numbers("--except", left_out),
        wish=_wish(**remembered),
        comment=comment,
    )
    if approval.wish is not None and (only is not None or left_out is not None):
        raise UsageError("a decision on some items is not remembered: approve the whole request, or without --remember")
    row, missing = anyio.run(_approve, approval, Claimed(name=name, secret_fd=secret_fd))
    click.echo(told_of_approval(row, request_id, missing))
    if approval.wish is not None:
        click.echo("It speaks for the same again: osprey approvals remembered list", err=True)
    if row.state == "pending":
        raise SystemExit(int(ExitCode.WAITING))


async def _approve(approval: Approval, claimed: Claimed) -> tuple[RequestRow, str]:
    from osprey.approval import desk
    from osprey.approval.dossier import missing_of

    async with cli_project() as project:
        identity = await identity_of_claim(project, claimed)
        chosen = approval.chosen or await _all_but(project, approval)
        if not chosen:
            row = await desk.approve(
                project, approval.request_id, approval.hash_prefix, identity, wish=approval.wish, text=approval.comment
            )
        else:
            row = await desk.approve_some(project, approval.request_id, approval.hash_prefix, chosen, identity)
            if approval.comment:
                await desk.comment(project, row.id, identity, approval.comment)
        return row, await missing_of(project, row)


def told_of_approval(row: RequestRow, request_id: str, missing: str) -> str:
    """Say what an approval has brought about.

    :param request_id: the one that was approved; `row` is another where only some of its items were.
    :param missing: who else has to approve.
    """
    short = row.sha256[:8]
    if row.state != "pending":
        some = "" if row.id == request_id else f" (the chosen items of {request_id}, which it supersedes)"
        return f"Approved {row.id}{some}. Carry it out with: osprey resume {printable(row.thread)}"
    if row.id != request_id:
        return f"Filed {row.id}, hash {short}, with the chosen items in place of {request_id}; it needs {missing}"
    return f"Counted for {row.id}, hash {short}; it still needs {missing}"


async def _all_but(project: Project, approval: Approval) -> tuple[int, ...]:
    """Give the items that `--except` leaves; none without it."""
    from osprey.approval import card_of
    from osprey.journal import journal_of

    if not approval.left_out:
        return ()
    row = await journal_of(project).requests.get(approval.request_id)
    count = len(card_of(project, row).rows)
    unknown = [number for number in approval.left_out if number > count]
    left = tuple(number for number in range(1, count + 1) if number not in approval.left_out)
    if unknown or not left:
        told = f"there is no item {unknown[0]}" if unknown else "nothing would be left: reject it instead"
        msg = f"request {row.id} has {count} items, and {told}"
        raise UsageError(msg)
    return left


def _require_hash(hash_prefix: str) -> None:
    from osprey.approval.decisions import SHORT_HASH_DIGITS

    if len(hash_prefix) < SHORT_HASH_DIGITS:
        msg = f"--hash needs at least {SHORT_HASH_DIGITS} digits: copy them from `osprey approvals show`"
        raise UsageError(msg)


def _numbers(option: str, text: str) -> tuple[int, ...]:
    from osprey.approval.decisions import parse_numbers

    numbers = parse_numbers(text.replace(" ", ""))
    if numbers is None:
        msg = f"{option} takes the numbers of items as the card has them, such as 1,3, not {text!r}"
        raise UsageError(msg)
    return numbers


def _wish(*, remember: bool, uses: int | None, lasts: str | None, ranges: Sequence[str]) -> Wish | None:
    from osprey.approval.remembering import Wish

    if not remember:
        if uses is not None or lasts is not None or ranges:
            raise UsageError("--uses, --for and --range say what is remembered: add --remember")
        return None
    if uses is None or lasts is None:
        raise UsageError("what is remembered has an end: add --uses N and --for 4h")
    return Wish(uses=uses, lasts_s=_seconds(lasts), ranges=dict(map(_range, ranges)))


def _seconds(text: str) -> float:
    found = _DURATION.fullmatch(text.strip())
    if found is None or not float(found[1]):
        msg = f"--for takes a time such as 30min, 4h or 2d, not {text!r}"
        raise UsageError(msg)
    return float(found[1]) * _SECONDS[found[2]]


def _range(text: str) -> tuple[str, tuple[float, float]]:
    found = _RANGE.fullmatch(text)
    try:
        if found is not None and -math.inf < (low := float(found[2])) <= (high := float(found[3])) < math.inf:
            return found[1].strip(), (low, high)
    except ValueError:
        pass
    msg = f"--range is CHANNEL=LOW..HIGH with two numbers, the lower one first, not {text!r}"
    raise UsageError(msg)
