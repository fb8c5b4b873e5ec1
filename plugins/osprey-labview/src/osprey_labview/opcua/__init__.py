"""OPC UA: one session to one server, on an event loop in a thread of its own.

`connector.py` is the door, used from any event loop; everything else runs on the loop of `loop_thread.py`.
"""
