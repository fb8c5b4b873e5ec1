import epics


def run(command):
    match command.split():
        case ["get", name]:
            return epics.caget(name)
        case ["set", name, value]:
            return epics.caput(name, float(value))
        case _:
            raise ValueError(command)


results = {"out": [run(c) for c in ("get SR:RF:FREQ", "set SR:RF:FREQ 499654200")]}
