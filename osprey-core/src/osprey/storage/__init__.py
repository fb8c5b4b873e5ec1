"""The project's database: one SQLite file, its writer threads, its migrations.

`Database`, `Writer`, `Migration` and `FileLock` may be imported from here by every room above. A room brings
its own tables (`Database.migrate`) and its own statements; nothing here knows what is stored.
"""

from osprey.storage.database import Database
from osprey.storage.filesystem import FileSystem, file_system_of
from osprey.storage.locks import FileLock
from osprey.storage.migrations import Migration
from osprey.storage.writer import Writer

__all__ = ["Database", "FileLock", "FileSystem", "Migration", "Writer", "file_system_of"]
