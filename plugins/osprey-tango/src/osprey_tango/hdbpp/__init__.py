"""HDB++ on PostgreSQL, with or without TimescaleDB: past values of Tango attributes by SQL of our own.

Nothing outside this folder imports from it; the plugin's registration names `archiver:HdbppArchiver`.
"""
