from dataclasses import asdict, dataclass, field, replace


@dataclass
class Setpoint:
    channel: str
    value: float
    history: list = field(default_factory=list)


first = Setpoint("SR:HC01:SP", 0.1)
second = replace(first, value=0.2)
second.history.append(first.value)
second.value = 0.25
results = asdict(second)
