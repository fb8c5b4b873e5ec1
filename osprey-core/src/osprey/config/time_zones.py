"""Names of time zones, checked against the IANA database of the host."""

from __future__ import annotations

from difflib import get_close_matches
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones


def check_time_zone(name: str) -> None:
    """Accept a name of the IANA database.

    :raises ValueError: it is none, or the host has no database; the message has the closest names.
    """
    if name == "UTC":
        return
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise ValueError(_explain(name)) from exc


def _explain(name: str) -> str:
    known = available_timezones()
    if not known:
        return f"time zone {name!r} cannot be checked: this host has no time zone database; pip install tzdata"
    by_city = {zone.rpartition("/")[2].lower(): zone for zone in sorted(known)}
    lowered = {zone.lower(): zone for zone in known} | by_city
    wanted = name.lower().replace(" ", "_")
    close = [lowered[match] for match in get_close_matches(wanted, lowered, n=3, cutoff=0.6)]
    hint = (
        f"did you mean {' or '.join(map(repr, dict.fromkeys(close)))}?"
        if close
        else "use a name such as 'Europe/Zurich'"
    )
    return f"{name!r} is no time zone; {hint}"
