from fractions import Fraction

tune = Fraction(2312, 10000)
resonances = [(m, n) for m in range(1, 6) for n in range(1, 6) if abs(m * tune - n) < Fraction(1, 50)]
results = {"tune": str(tune), "near": resonances}
