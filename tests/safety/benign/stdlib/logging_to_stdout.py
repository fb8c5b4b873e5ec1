import logging
import sys

logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(levelname)s %(message)s")
log = logging.getLogger("put")
log.info("caput would be %s", {"SR:HC01:SP": 0.1})
log.setLevel(logging.ERROR)
results = {"level": log.level}
