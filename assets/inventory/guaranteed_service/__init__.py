"""Safety stock placed over a network of stages by guaranteed service. Not here: which sites of a plan are stages."""
