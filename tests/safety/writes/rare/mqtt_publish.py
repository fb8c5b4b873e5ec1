import json

import paho.mqtt.client as mqtt

client = mqtt.Client()
client.connect("broker.hall.example", 1883)
client.publish("hall/lights/set", json.dumps({"level": 0}))
client.disconnect()
results = {"topic": "hall/lights/set"}
