"""Arithmetic on the weights of models: task vectors, their files, and the merge engine."""
