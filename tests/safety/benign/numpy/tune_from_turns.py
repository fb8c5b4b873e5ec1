import numpy as np

turns = np.arange(1024)
x = np.cos(2 * np.pi * 0.2312 * turns) * np.exp(-turns / 600)
spectrum = np.abs(np.fft.rfft(x * np.hanning(x.size)))
k = int(spectrum.argmax())
a, b, c = np.log(spectrum[k - 1 : k + 2])
tune = (k + 0.5 * (a - c) / (a - 2 * b + c)) / x.size
results = {"tune": float(tune)}
