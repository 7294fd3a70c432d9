"""Vector files and their encodings: dense, factors of an adapter, compressed."""
