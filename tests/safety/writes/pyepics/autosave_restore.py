from epics.autosave.save_restore import restore_pvs

restore_pvs("/opt/iocs/ring/positions.sav", debug=False)
results = {"restored": True}
