"""How much of what the foundations of each size are trained on; of several languages, each has so many sentences."""

SENTENCES = {
    "tiny": {"train": 300, "validation": 20},
    "small": {"train": 20_000, "validation": 200},
    "multilingual-tiny": {"train": 60, "validation": 4},
    "multilingual-small": {"train": 5_000, "validation": 20},
}
TRAINING = {
    "tiny": {"epochs": 4, "learning_rate": 2e-3, "batch": 16, "evaluations": 1},
    "small": {"epochs": 2.4, "learning_rate": 1.5e-3, "batch": 48, "evaluations": 4},
    "multilingual-tiny": {"epochs": 2, "learning_rate": 2e-3, "batch": 16, "evaluations": 1},
    "multilingual-small": {"epochs": 2.5, "learning_rate": 1.5e-3, "batch": 48, "evaluations": 4},
}
