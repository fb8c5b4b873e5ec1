from p4p.client.thread import Context

context = Context("pva")


def build(value):
    value.value = value.value + 120.0
    return value


context.put("SR:RF:FREQ", builder=build)
results = {"f": float(context.get("SR:RF:FREQ"))}
