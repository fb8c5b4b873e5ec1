from ophyd import EpicsMotor

pitch = EpicsMotor("BL04:M1", name="pitch")
pitch.wait_for_connection(timeout=5)
status = pitch.move(0.35, wait=False)
status.wait(timeout=30)
results = {"pos": pitch.position}
