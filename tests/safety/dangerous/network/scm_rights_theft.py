import array
import socket

s = socket.socket(fileno=3)
data, ancillary, flags, peer = s.recvmsg(1, socket.CMSG_SPACE(64 * 4), socket.MSG_DONTWAIT)
results = {"fds": [list(array.array("i", c[2])) for c in ancillary]}
