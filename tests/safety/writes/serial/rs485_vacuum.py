import serial.tools.list_ports
from serial import Serial

ports = [p.device for p in serial.tools.list_ports.comports()]
gauge = Serial(ports[0], baudrate=9600, timeout=0.5)
gauge.write(b"#01ON\r")
reply = gauge.read_until(b"\r")
results = {"reply": reply.decode(errors="replace")}
