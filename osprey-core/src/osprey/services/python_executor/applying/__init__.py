"""After a rehearsal: its request, what is done once a person has decided, what is left of it, and the record.

Lists of writes of every origin are carried out here, those of the agent's other capabilities too. Nothing here
sends a value: the guard does, from the stored request.
"""
