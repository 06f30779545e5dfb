"""Fusions, taggers and encoders trained from what a shop has: its catalogue, its photos, its judgments and clicks."""
