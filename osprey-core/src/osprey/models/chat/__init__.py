"""Chat models: what one is asked and answers, by whom it is reached, and what it may cost.

`asking` is where everybody else asks (`models_of`, with a role of `roles`, on an `account`). `messages` and `protocol`
are what a driver of a plugin implements; they import nothing heavy. A driver is imported when its model is first asked.
"""
