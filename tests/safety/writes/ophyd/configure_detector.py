from ophyd import SimDetector
from ophyd.areadetector.plugins import HDF5Plugin  # noqa: F401

det = SimDetector("BL04:DET1:", name="det")
det.cam.acquire_time.put(0.1)
det.cam.num_images.set(5).wait(timeout=3)
det.stage()
det.trigger()
results = {"staged": str(det._staged)}
