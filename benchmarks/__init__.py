"""Ratios against bare rivals, each pair measured in one run."""
