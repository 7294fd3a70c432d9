"""How the speech of a set comes about: one module each, with a function ``rows`` that yields rows of its manifest."""
