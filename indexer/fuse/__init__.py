"""Part rows to one product row."""
