import redis

bus = redis.Redis(host="setpoint-bus", port=6379)
bus.hset("setpoints", "SR:HC02:SP", 0.44)
bus.publish("setpoints:changed", "SR:HC02:SP")
results = {}
