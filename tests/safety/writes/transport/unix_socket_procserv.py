import socket

console = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
console.connect("/srv/control-room/procserv.sock")
console.sendall(b'dbpf "SR:HC08:SP" "0.9"\n')
results = {"said": console.recv(1000).decode()}
