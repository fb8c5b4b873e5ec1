import PyCafe

cafe = PyCafe.CyCafe()
cafe.init()
cafe.openPrepare()
handle = cafe.open("SR:HC01:SP")
cafe.openNowAndWait(1.0)
cafe.set(handle, 0.15)
cafe.terminate()
results = {}
