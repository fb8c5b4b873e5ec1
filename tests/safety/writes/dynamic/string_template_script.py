from string import Template

SCRIPT = Template("""
from osprey.runtime import write_channel
write_channel("$name", $value)
""")
for name, value in {"LTB:Q1:SETPT": 3.0}.items():
    exec(SCRIPT.substitute(name=name, value=value))
results = {}
