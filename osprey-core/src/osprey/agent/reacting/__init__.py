"""Turns that are planned as they go: a model sees what the steps so far have left behind, and asks for the next ones.

`turn` is the way in: one question to the model, and what becomes of the turn's state. `exchange` is what was said so
far, `tools` what the model may call, `calls` judges what it calls, `wording` puts it into messages, `gates` has a
person look at each step first. Nothing here runs a step: the graph does, as it runs those of any plan.
"""
