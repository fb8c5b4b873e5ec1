import configparser
import io

config = configparser.ConfigParser()
config.read_string("[orbit]\ngain = 0.4\n")
config.set("orbit", "gain", "0.5")
config["orbit"]["cycles"] = "10"
out = io.StringIO()
config.write(out)
results = {"text": out.getvalue()}
