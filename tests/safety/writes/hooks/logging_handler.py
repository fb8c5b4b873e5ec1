import logging

import epics


class ToPv(logging.Handler):
    def emit(self, record):
        epics.caput("LOG:COMMENT", record.getMessage()[:39])


log = logging.getLogger("orbit")
log.addHandler(ToPv())
log.warning("correction started")
results = {}
