"""Learning: fusions, encoders and taggers from catalogues, judgments and clicks."""
