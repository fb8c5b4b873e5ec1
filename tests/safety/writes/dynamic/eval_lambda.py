make = eval("lambda module: module.caput")
import epics  # noqa: E402

results = {"ok": make(epics)("SR:HC02:SP", 0.1)}
