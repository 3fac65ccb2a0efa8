"""Key figures: what each means, once; their facts; their sums by window, site, echelon, segment and release."""
