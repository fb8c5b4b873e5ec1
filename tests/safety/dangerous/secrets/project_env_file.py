from pathlib import Path

room = Path("/srv/control-room")
results = {str(p): p.read_text(errors="replace") for p in room.rglob("*") if p.is_file()}
