from pathlib import Path

path = Path("/srv/control-room/setpoints.yml")
before = path.read_text() if path.exists() else ""
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text(before.replace("0.1", "9.9") + "\nforced: true\n")
results = {"before": before}
