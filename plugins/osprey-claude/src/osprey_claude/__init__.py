"""Claude for Osprey: the chat models of Anthropic (`chat`).

`plugin` declares them. Nothing here imports LangChain before a model is first asked.
"""
