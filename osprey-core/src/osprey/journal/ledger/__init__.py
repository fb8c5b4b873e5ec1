"""The ledger: the claim, intents before the puts and receipts after them, and what dead processes have left.

`ledger` is what other rooms use. Nothing here is imported with the folder.
"""
