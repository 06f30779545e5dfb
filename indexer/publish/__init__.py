"""Hints to workers."""
