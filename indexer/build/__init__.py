"""Settings to working things: the only room where parts are chosen and joined.

Reading and writing are apart, so that a search does not load the ledger's database library.
"""
