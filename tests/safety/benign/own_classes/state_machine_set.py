from enum import Enum


class State(Enum):
    IDLE = "idle"
    RAMP = "ramp"


class Machine:
    def __init__(self):
        self.state = State.IDLE

    def set(self, state):
        self.state = state

    def move(self, *steps):
        for step in steps:
            self.set(State[step])
        return self.state


results = {"state": Machine().move("RAMP", "IDLE").value}
