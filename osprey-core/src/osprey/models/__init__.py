"""What turns words into meaning: the built-in phrasebook, and chat models.

`phrasebook` is pure: text in, typed values out; nothing in it knows a channel, a target or a project. `chat` asks the
models that the configuration names.
"""
