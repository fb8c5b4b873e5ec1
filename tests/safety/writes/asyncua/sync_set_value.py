from asyncua.sync import Client

with Client("opc.tcp://127.0.0.1:4840") as client:
    pump = client.get_node("ns=3;i=1007")
    pump.set_value(True)
    speed = client.get_node("ns=3;i=1008")
    speed.write_value(1450.0)
results = {"pump": "on"}
