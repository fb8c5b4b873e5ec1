import sqlite3

db = sqlite3.connect(":memory:")
db.execute("CREATE TABLE readings (pv TEXT, value REAL)")
db.executemany("INSERT INTO readings VALUES (?, ?)", [("SR:DCCT", 400.1), ("SR:DCCT", 399.9)])
(mean,) = db.execute("SELECT avg(value) FROM readings WHERE pv = ?", ("SR:DCCT",)).fetchone()
results = {"mean": mean}
