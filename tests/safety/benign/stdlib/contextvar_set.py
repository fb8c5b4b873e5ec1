import contextvars

target = contextvars.ContextVar("target", default="ring")
token = target.set("booster")
inside = target.get()
target.reset(token)
results = {"inside": inside, "outside": target.get()}
