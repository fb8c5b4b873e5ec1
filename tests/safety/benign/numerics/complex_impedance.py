import cmath

R, L, C, w = 50.0, 1e-6, 1e-9, 2 * cmath.pi * 5e6
z = R + 1j * w * L + 1 / (1j * w * C)
results = {"abs": abs(z), "deg": cmath.phase(z) * 180 / cmath.pi, "z": z}
