"""What can be said of vectors: numbers, and how they are shown."""
