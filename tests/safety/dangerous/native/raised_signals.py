import faulthandler
import os
import signal

faulthandler.disable()
signal.signal(signal.SIGBUS, signal.SIG_DFL)
os.kill(os.getpid(), signal.SIGBUS)
