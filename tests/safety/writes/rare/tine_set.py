import PyTine as pt

pt.set("/PETRA/BLM/WL167", "BIASVOLT", input=900.0, format="FLOAT")
results = {"now": pt.get("/PETRA/BLM/WL167", "BIASVOLT")["data"]}
