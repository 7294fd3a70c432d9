"""The stages of the workflow: the script of each, and where its files lie below results/<name>/."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """A kind of job. ``receipt`` is small, and the only file of a job that later rules take as input.

    Jobs of a ``batched`` stage are short compared with the start of a process: one process runs a batch of them, and
    later rules take the batch's record as input. A stage that ``resumes`` goes on from the checkpoints of an earlier attempt.
    """

    script: str
    receipt: str
    batched: bool = False
    resumes: bool = False


STAGES = {
    "text": Stage("make_text.py", "text/{id}.receipt.json"),
    "speech": Stage("make_speech.py", "speech/{id}.receipt.json"),
    "channel": Stage("apply_channel.py", "recordings/{id}.receipt.json"),
    "unit_centres": Stage("fit_units.py", "unit_centres/{id}/receipt.json"),
    "units": Stage("encode_units.py", "units/{id}.receipt.json"),
    "candidates": Stage("propose_words.py", "candidates.receipt.json"),
    "voice": Stage("train_voice.py", "voices/{id}/receipt.json"),
    "tts": Stage("synthesise.py", "tts/{id}.receipt.json"),
    "voice_samples": Stage("sample_voices.py", "voice_samples/{id}.receipt.json"),
    "corpus": Stage("make_corpus.py", "corpora/{id}.receipt.json"),
    "base": Stage("prepare_base.py", "models/{id}/receipt.json"),
    "pseudo_labels": Stage("label_speech.py", "pseudo_labels/{id}.receipt.json"),
    "rarity": Stage("check_rarity.py", "rarity/{id}.receipt.json"),
    "intelligibility": Stage("check_intelligibility.py", "{id}.receipt.json"),
    "finetune": Stage("finetune.py", "models/{id}/receipt.json", resumes=True),
    "vector": Stage("extract_vector.py", "vectors/{id}.receipt.json"),
    "search": Stage("search_candidates.py", "search/{id}.receipt.json", batched=True),
    "merge": Stage("merge_vectors.py", "merged/{id}/receipt.json", batched=True),
    "conversion": Stage("convert_model.py", "converted/{id}/receipt.json", batched=True),
    "decode": Stage("decode.py", "hypotheses/{id}.receipt.json", batched=True),
    "score": Stage("score.py", "scores/{id}.receipt.json", batched=True),
    "table": Stage("make_table.py", "tables/{id}.receipt.json"),
    "figure": Stage("draw_figure.py", "figures/{id}.receipt.json"),
    "claims": Stage("check_claims.py", "{id}.receipt.json"),
    "report": Stage("write_report.py", "{id}.receipt.json"),
}

# The file of each stage that a person may look for. The workflow makes it again where it was deleted.
PRIMARY_OUTPUT = {
    "base": "models/{id}/config.json",
    "vector": "vectors/{id}.safetensors",
    "merge": "merged/{id}/model.safetensors",
    "score": "scores/{id}.tsv",
    "rarity": "rarity/{id}.json",
    "intelligibility": "intelligibility.tsv",
    "table": "tables/{id}.tsv",
    "figure": "figures/{id}.svg",
    "claims": "claims.tsv",
    "report": "report.html",
}

PLAN_INDEX = "plan/plan.json"  # what rules need of the plan that was written last
RUNTIME_SETTINGS = "plan/runtime_settings.json"  # settings that change no result, such as addresses and timeouts
TTS_CACHE = "tts_cache"  # audio of unfinished tts jobs, and permanently that of remote servers


def spec_path(stage: str, id: str) -> str:
    return f"plan/{stage}/{id}.json"


def receipt_path(stage: str, id: str) -> str:
    return STAGES[stage].receipt.format(id=id)


def batch_spec_path(stage: str, batch: str) -> str:
    return f"plan/batches/{stage}/{batch}.json"


def batch_record_path(stage: str, batch: str) -> str:
    return f"batches/{stage}/{batch}.json"
