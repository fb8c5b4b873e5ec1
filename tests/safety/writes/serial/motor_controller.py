import serial

with serial.Serial("/dev/ttyUSB0", 19200, timeout=1) as port:
    port.write(b"1PA12.5\r\n")
    port.flush()
    port.write(b"1TP\r\n")
    position = port.readline().decode().strip()
results = {"position": position}
