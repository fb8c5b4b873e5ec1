"""The stages of a run, a module each. A stage takes the state and gives what changed; effects live in `applying` alone.

Every stage may run again after a crash: what it files has the same key then, and what was carried out is told from the
journal, never done again.
"""
