"""How much of what the foundations of each size are trained on."""

SENTENCES = {"tiny": {"train": 300, "validation": 20}, "small": {"train": 20_000, "validation": 200}}
TRAINING = {
    "tiny": {"epochs": 4, "learning_rate": 2e-3, "batch": 16, "evaluations": 1},
    "small": {"epochs": 2.4, "learning_rate": 1.5e-3, "batch": 48, "evaluations": 4},
}
