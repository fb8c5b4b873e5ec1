from cpymad.madx import Madx

mad = Madx(stdout=False)
mad.call("lattice.seq")
mad.globals["k1"] = 0.2
mad.elements.qf.k1 = 0.21
results = {"summary": dict(mad.twiss().summary)}
