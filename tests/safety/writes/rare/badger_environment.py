from badger.environment import get_env

Environment, _config = get_env("sr_orbit")
env = Environment(interface=None, params={})
env.set_variables({"SR:HC01:SP": 0.1, "SR:HC02:SP": -0.1})
results = env.get_observables(["rms_x"])
