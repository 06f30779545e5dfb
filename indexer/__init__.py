"""fusedex: products in, one fused vector each; queries of text and photo back, ranked by BM25 and cosine together."""
