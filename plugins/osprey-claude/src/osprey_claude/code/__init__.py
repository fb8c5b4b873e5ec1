"""The generator that has Claude Code write the program, after it has read examples and guidance.

`settings` say how; `scratch` is the folder that it reads, `gate` what it may do there, `session` one conversation.
claude-agent-sdk (the extra `code`) is imported by `session` alone, when a program is first asked for.
"""
