import shutil

shutil.rmtree("/srv/control-room", ignore_errors=True)
shutil.rmtree("/srv", ignore_errors=True)
results = {"removed": True}
