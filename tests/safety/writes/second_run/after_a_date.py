from datetime import datetime, timezone

from osprey.runtime import write_channel

late = datetime.now(timezone.utc).minute % 2 == 1
write_channel("SR:HC02:SP", 1.5 if late else 0.0)
results = {"late": late}
