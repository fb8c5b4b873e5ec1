import pytac
from pytac import load_csv

lattice = load_csv.load("I04")
lattice.set_default_units(pytac.ENG)
for quad in lattice.get_elements("Q1D"):
    quad.set_value("b1", quad.get_value("b1", pytac.SP) * 1.002)
results = {"elements": len(lattice)}
