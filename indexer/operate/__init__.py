"""What keeps an index right over time: comparing it with the ledger, and fusing all of it again."""
