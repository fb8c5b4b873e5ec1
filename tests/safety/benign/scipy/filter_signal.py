import numpy as np
from scipy import signal

b, a = signal.butter(4, 0.1)
y = signal.filtfilt(b, a, np.random.default_rng(0).normal(size=500))
peaks, _ = signal.find_peaks(y, height=0.2)
results = {"peaks": peaks.size}
