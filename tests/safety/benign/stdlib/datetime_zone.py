from datetime import datetime, timedelta, timezone

start = datetime(2026, 11, 1, tzinfo=timezone.utc)
shifts = [(start + timedelta(hours=8 * n)).isoformat() for n in range(3)]
results = {"shifts": shifts, "seconds": int(timedelta(days=2).total_seconds())}
