"""From what a person typed to a plan that can run, with a model or without one.

`desk` is the way in: it takes a message and what was said before, and gives a plan, a question back, or a sentence on
why neither. `extraction`, `classification` and `orchestration` ask a model; `follow_ups` and `undoing` read the same
conversation without one. Nothing here runs a step, and no model has a part in approving one.
"""
