"""The agent: from a question to a plan, its steps, and an answer.

`osprey.agent.session` is the entry for interfaces; the graph is imported with it, and LangGraph with the
graph, so nothing here is imported by a command that does not ask.
"""
