"""What a worker does between claiming rows and finishing them: whose they are, how fast, of which parts, to which documents."""
