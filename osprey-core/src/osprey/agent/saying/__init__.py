"""What a model says of a turn to a person: how it is asked to, and whether all that it says was shown.

`figures` and `times` read a text, `evidence` is what the steps have shown, `checking` holds the one against the other,
`words` asks the model of role `response`. The model that works step by step is held to the same in
`osprey.agent.reacting`.
"""
