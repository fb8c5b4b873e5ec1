import asyncio
import sys

sys.meta_path = [f for f in sys.meta_path if not hasattr(f, "create_module")]
import aioca  # noqa: E402

results = {"r": str(asyncio.run(aioca.caput("SR:HC04:SP", 1.5, timeout=2)))}
