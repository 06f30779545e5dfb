"""`python -m indexer` is `fusedex`."""

from indexer.cli import main

main()
