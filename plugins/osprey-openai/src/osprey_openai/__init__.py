"""Chat models behind every endpoint that speaks OpenAI's dialect.

`plugin` declares them, `endpoints` is what is known of each; `driver` is what asks one. Nothing here imports LangChain
before a model is first asked.
"""
