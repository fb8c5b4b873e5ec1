"""What chat models are told: prompts as files with versions, and text from outside fenced as data.

`prompt` reads one file, `library` lays the project's over the plugins' over the core's, `fencing` wraps whatever
devices, people and files wrote. Nothing here asks a model.
"""
