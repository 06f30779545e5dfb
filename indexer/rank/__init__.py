"""Hits to an order we can defend."""
