import epics

𝓅𝓊𝓉 = epics.PV("SR:HC08:SP")
put.𝓅𝓊𝓉(1.9)
epicſ = epics
epicſ.ca𝐩ut("SR:HC08:SP", 0.3)
results = {}
