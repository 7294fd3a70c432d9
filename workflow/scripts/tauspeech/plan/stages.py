"""The stages of the workflow: which script makes what, and where it lies below results/<name>/."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    script: str
    receipt: str  # small, and the only file of a job that later rules take as input


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
    "weight": Stage("choose_weight.py", "weights/{id}.receipt.json"),
    "merge": Stage("merge_vectors.py", "merged/{id}/receipt.json"),
    "decode": Stage("decode.py", "hypotheses/{id}.receipt.json"),
    "score": Stage("score.py", "scores/{id}.receipt.json"),
    "table": Stage("make_table.py", "tables/{id}.receipt.json"),
    "figure": Stage("draw_figure.py", "figures/{id}.receipt.json"),
    "claims": Stage("check_claims.py", "{id}.receipt.json"),
    "report": Stage("write_report.py", "{id}.receipt.json"),
}


def spec_path(stage: str, id: str) -> str:
    return f"plan/{stage}/{id}.json"


def receipt_path(stage: str, id: str) -> str:
    return STAGES[stage].receipt.format(id=id)
