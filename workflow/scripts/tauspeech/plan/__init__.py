"""From a configuration to everything that must exist. Nothing here imports torch."""
