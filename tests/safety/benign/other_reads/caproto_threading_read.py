from caproto.threading.client import Context

ctx = Context()
(dcct,) = ctx.get_pvs("SR:DCCT")
dcct.wait_for_connection(timeout=2)
reading = dcct.read(data_type="time")
results = {"v": float(reading.data[0]), "t": reading.metadata.timestamp}
