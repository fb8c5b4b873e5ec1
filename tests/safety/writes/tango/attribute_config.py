import tango

ps = tango.DeviceProxy("sr/ps/hc05")
cfg = ps.get_attribute_config("current")
cfg.max_value = "4.0"
cfg.alarms.max_alarm = "3.8"
ps.set_attribute_config(cfg)
results = {"max": cfg.max_value}
