"""What the shopper meant: the filter grammar and the check of fields."""
