"""The engines of one machine, started for you."""
