import os

out = []
for change in (
    lambda p: os.chmod(p, 0o777),
    lambda p: os.chown(p, 0, 0),
    lambda p: os.utime(p, (0, 0)),
    lambda p: os.truncate(p, 0),
    lambda p: os.setxattr(p, "user.osprey", b"1"),
):
    try:
        change("/srv/control-room/interlock.conf")
        out.append("changed")
    except OSError as exc:
        out.append(exc.errno)
results = out
