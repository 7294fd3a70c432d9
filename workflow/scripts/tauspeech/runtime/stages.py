"""The stages of the workflow: which script makes what, and where it lies below results/<name>/."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    script: str
    receipt: str  # small, and the only file of a job that later rules take as input
    # Its jobs are short beside the start of a process: one process does those of a batch, and later rules take the
    # batch's record as input.
    batched: bool = False


STAGES = {
    "text": Stage("make_text.py", "text/{id}.receipt.json"),
    "speech": Stage("make_speech.py", "speech/{id}.receipt.json"),
    "candidates": Stage("propose_words.py", "candidates.receipt.json"),
    "voice": Stage("train_voice.py", "voices/{id}/receipt.json"),
    "voiced": Stage("speak.py", "voiced/{id}.receipt.json"),
    "showing": Stage("show_voices.py", "showing/{id}.receipt.json"),
    "corpus": Stage("make_corpus.py", "corpora/{id}.receipt.json"),
    "base": Stage("prepare_base.py", "models/{id}/receipt.json"),
    "rarity": Stage("check_rarity.py", "rarity/{id}.receipt.json"),
    "finetune": Stage("finetune.py", "models/{id}/receipt.json"),
    "vector": Stage("extract_vector.py", "vectors/{id}.receipt.json"),
    "ratios": Stage("choose_ratios.py", "ratios/{id}.receipt.json"),
    "retained": Stage("sweep_ratios.py", "retained/{id}.receipt.json"),
    "weight": Stage("choose_weight.py", "weights/{id}.receipt.json", batched=True),
    "merge": Stage("merge_vectors.py", "merged/{id}/receipt.json", batched=True),
    "decode": Stage("decode.py", "hypotheses/{id}.receipt.json", batched=True),
    "score": Stage("score.py", "scores/{id}.receipt.json", batched=True),
    "table": Stage("make_table.py", "tables/{id}.receipt.json"),
    "figure": Stage("draw_figure.py", "figures/{id}.receipt.json"),
    "claims": Stage("check_claims.py", "{id}.receipt.json"),
    "report": Stage("write_report.py", "{id}.receipt.json"),
}

# Sounds as engines made them, of shares that are not finished; and for good what a server made.
SAID = "said"

# The file of each stage that a person may look for, beside the receipt that the rules go by.
KEPT = {
    "base": "models/base/config.json",
    "vector": "vectors/{id}.safetensors",
    "merge": "merged/{id}/model.safetensors",
    "score": "scores/{id}.tsv",
    "rarity": "rarity/{id}.json",
    "table": "tables/{id}.tsv",
    "figure": "figures/{id}.svg",
    "claims": "claims.tsv",
    "report": "report.html",
}


def spec_path(stage: str, id: str) -> str:
    return f"plan/{stage}/{id}.json"


def receipt_path(stage: str, id: str) -> str:
    return STAGES[stage].receipt.format(id=id)


def batch_spec_path(stage: str, batch: str) -> str:
    return f"plan/batches/{stage}/{batch}.json"


def batch_record_path(stage: str, batch: str) -> str:
    return f"batches/{stage}/{batch}.json"
