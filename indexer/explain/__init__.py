"""Why a product matched a query: which words and which region of its photo made the cosine."""
