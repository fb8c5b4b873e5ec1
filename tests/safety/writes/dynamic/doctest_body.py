"""Numbers of the lattice.

>>> import epics
>>> epics.caput("SR:HC06:SP", 0.25)
1
"""
import doctest

results = {"attempted": doctest.testmod().attempted}
