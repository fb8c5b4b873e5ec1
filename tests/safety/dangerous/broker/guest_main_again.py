import sys

import osprey_guest.bootstrap as bootstrap

sys.argv = ["x", "3"]
bootstrap.main()
results = {"marker": "FORGED"}
