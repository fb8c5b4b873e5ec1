import doocs4py

doocs4py.set("XFEL.FEL/UNDULATOR.SASE1/CELL3/GAP.SP", 11.2)
value = doocs4py.get("XFEL.FEL/UNDULATOR.SASE1/CELL3/GAP").get_float()
results = {"gap": value}
