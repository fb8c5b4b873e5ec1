import at

ring = at.load_mat("ring.mat", mat_key="RING")
quads = ring.get_refpts("QF*")
ring.set_value_refpts(quads, "PolynomB", 2.51, index=1)
_, data, _ = at.get_optics(ring, get_chrom=True)
results = {"tune": data.tune.tolist()}
