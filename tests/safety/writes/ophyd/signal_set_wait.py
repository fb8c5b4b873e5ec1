from ophyd import EpicsSignal
from ophyd.status import wait

kick = EpicsSignal(read_pv="SR:HC06:RB", write_pv="SR:HC06:SP", name="kick")
kick.wait_for_connection(timeout=3)
st = kick.set(0.12, timeout=5, settle_time=0.2)
wait(st)
results = {"rb": kick.get()}
