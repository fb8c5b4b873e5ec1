import argparse

parser = argparse.ArgumentParser(prog="orbit")
parser.add_argument("--set", default=None, help="value to set (not used here)")
parser.set_defaults(put=False, action="caget")
options = parser.parse_args([])
results = vars(options)
