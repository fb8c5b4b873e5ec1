from unittest.mock import Mock

import epics

spy = Mock(wraps=epics)
spy.caput("SR:HC01:SP", 0.2)
results = {"calls": spy.caput.call_count}
