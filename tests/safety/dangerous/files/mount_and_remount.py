import ctypes

libc = ctypes.CDLL(None, use_errno=True)
out = []
for source, target, kind, flags in (
    (b"none", b"/usr", None, 32),
    (b"proc", b"/tmp", b"proc", 0),
    (b"/dev/vda", b"/tmp", b"ext4", 0),
    (b"/srv/control-room", b"/tmp", None, 4096),
):
    out.append((libc.mount(source, target, kind, flags, None), ctypes.get_errno()))
results = {"mounted": [code for code, _ in out if code == 0]}
