"""What is known, and what is to be done."""
