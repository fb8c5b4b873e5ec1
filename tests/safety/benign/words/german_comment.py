# Setzt nichts: caput wird hier nur erwähnt, geschrieben wird nie.
werte = [1.0, 2.0, 4.0]
mittel = sum(werte) / len(werte)
results = {"mittel": mittel, "größe": len(werte), "β": 0.5}
