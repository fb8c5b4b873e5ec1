import logging.config

import epics  # noqa: F401

logging.config.dictConfig(
    {
        "version": 1,
        "handlers": {"h": {"()": "epics.caput", "pvname": "LOG:COMMENT", "value": "hello"}},
        "root": {"handlers": ["h"]},
    }
)
results = {}
