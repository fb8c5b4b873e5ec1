import telnetlib

shell = telnetlib.Telnet("ioc-sr01", 4051, timeout=3)
shell.write(b'dbpf "SR:HC01:SP" "0.3"\n')
answer = shell.read_until(b"DBF_DOUBLE", timeout=2)
results = {"answer": answer.decode()}
