"""What an answer of an archive does not cover, in the same words for every archive."""

from __future__ import annotations

from datetime import UTC, datetime

from osprey.control.archive.series import ArchiveSpan


def describe_coverage(
    span: ArchiveSpan,
    *,
    first_ns: int | None,
    last_ns: int | None,
    now_ns: int,
    begins: bool = False,
    step_ns: int | None = None,
    held_ns: int | None = None,
    paused: str = "",
) -> str:
    """Say which part of `span` has no samples; empty if nothing is known to be missing.

    :param first_ns: of the first sample inside the span; None: it has none.
    :param last_ns: of the last one.
    :param now_ns: nothing can be archived after it.
    :param begins: True if the archive has nothing before `first_ns`.
    :param step_ns: how far apart samples are where they come at a period (or the width of what was reduced). None: they
        come on change, and silence is no gap.
    :param held_ns: of the last sample before the span, if there is one.
    :param paused: the archive's own word if it does not record the channel now.
    """
    told: list[str] = []
    if first_ns is None or last_ns is None:
        told.append("no samples in this span")
        if held_ns is not None:
            told.append(f"the last one before it is of {utc(held_ns)}")
    else:
        is_late = first_ns - span.start_ns > 2 * (step_ns or 0)
        if is_late and (begins or step_ns is not None):
            told.append(f"no samples before {utc(first_ns)}")
        silent = step_ns is not None and min(span.end_ns, now_ns) - last_ns > 2 * step_ns
        if paused or silent:
            told.append(f"no samples after {utc(last_ns)}")
    if span.end_ns > now_ns and not any(text.startswith("no samples after") for text in told):
        told.append(f"nothing after {utc(now_ns)} yet")
    if paused:
        told.append(f"the archive says: {paused}")
    return "; ".join(told)


def utc(time_ns: int) -> str:
    """Write a time to the second, in UTC."""
    return datetime.fromtimestamp(time_ns // 10**9, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
