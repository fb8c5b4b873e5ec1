from bluesky_queueserver_api import BPlan
from bluesky_queueserver_api.zmq import REManagerAPI

RM = REManagerAPI()
RM.item_add(BPlan("mv", "undulator_gap", 18.2))
RM.queue_start()
RM.wait_for_idle(timeout=60)
results = {"history": RM.history_get()["items"]}
