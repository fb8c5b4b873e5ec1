"""What people asked Osprey to remember: notes in the project's database, by user."""

from osprey.services.memory_storage.notes import Note, Notes, notes_of

__all__ = ["Note", "Notes", "notes_of"]
