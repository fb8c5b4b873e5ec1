"""The seeds' spelling of the configuration's accessors; nothing else lives here."""
