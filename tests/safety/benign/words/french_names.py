écart = [0.12, -0.05, 0.02]
consigne = {"SR:HC01:SP": 0.1}
écrire = "écrire la consigne est l'affaire de l'opérateur"
results = {"somme": sum(écart), "n": len(consigne), "note": écrire}
