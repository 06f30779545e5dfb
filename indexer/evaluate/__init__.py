"""How good the ranking is: judgments and runs to measures, comparisons and a report; nothing here searches or knows an engine."""
