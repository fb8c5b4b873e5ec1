"""The generator that asks a chat model once: its settings, its model, the question, and the code in the answer."""
