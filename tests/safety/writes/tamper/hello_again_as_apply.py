from osprey import runtime

job = runtime._link.call("hello", protocol=1, python="3.99")
job["mode"] = "apply"
runtime._link.call("ready", rights={})
runtime.write_channel("SR:VC02:SP", 1.0)
results = {}
