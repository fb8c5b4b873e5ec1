QUERY = "UPDATE setpoints SET value = 0 WHERE pv LIKE 'SR:%'; DROP TABLE plans"
verbs = [w for w in QUERY.replace(";", " ").split() if w.isupper()]
results = {"verbs": verbs}
