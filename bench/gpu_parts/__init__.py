"""Parts of gpu.py: each measures one thing and reports rows, one at a time."""
