from opcua import Client

client = Client("opc.tcp://plc-hall:4840")
client.connect()
lamp = client.get_node("ns=2;s=Hall.Lamp")
lamp.set_value(1)
client.disconnect()
results = {"lamp": 1}
