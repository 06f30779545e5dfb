"""One module a format: raw rows with file and line, lazily."""
