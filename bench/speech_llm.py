"""Scores of the bundled speech LLM on unseen sentences in its foundation's voices, and what a short LoRA fine-tune adds.

Transcription and translation of texts are what it was trained for; translation of speech is what a fine-tune adds.

    python bench/speech_llm.py
    python bench/speech_llm.py --pair de --sentences 3000 --epochs 6
"""

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

DEFAULT = Path("resources/foundation/speech-llm")
GRAMMARS_OF = {"ca-de-es-fr-it-id-nl-pt-ru-sv-en": ("de", "fr"), "everyday/zh-en": ("zh",)}
TESTED, VALIDATED = 100, 40  # sentences


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=DEFAULT)
    parser.add_argument("--pair", help="language into which a fine-tune learns to translate speech")
    parser.add_argument("--sentences", type=int, default=3000, help="training sentences of the fine-tune")
    parser.add_argument("--epochs", type=float, default=6)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    import torch

    from tauspeech.models.family import open_model

    torch.set_num_threads(arguments.threads)
    model = open_model(arguments.model)
    count = sum(weight.numel() for weight in model.network.parameters())
    print(f"{arguments.model}: {count:,} parameters, {torch.get_num_threads()} threads")
    tests = {grammar: spoken(model, grammar, targets, {"test": TESTED}) for grammar, targets in GRAMMARS_OF.items()}
    show(model, tests)
    if arguments.pair:
        (grammar,) = (name for name, targets in GRAMMARS_OF.items() if arguments.pair in targets)
        tuned, seconds = finetuned(model, grammar, arguments)
        print(
            f"\nAfter a LoRA fine-tune of rank {arguments.rank} on {arguments.sentences} sentences, {seconds / 60:.1f} min:"
        )
        show(tuned, tests)


def spoken(model: Any, grammar: str, targets: tuple[str, ...], counts: dict[str, int]) -> list[dict[str, Any]]:
    """Sentences of splits as units, with their translations."""
    from tauspeech.data.audio import decode_audio
    from tauspeech.models.foundation_sizes import SIZES
    from tauspeech.plan.foundation import LONGEST, PROSODY
    from tauspeech.runtime.paths import GRAMMARS
    from tauspeech.speech.espeak_pool import synthesise
    from tauspeech.speech.utterances import Utterance
    from tauspeech.text.checks import Checker
    from tauspeech.text.domain_grammars import grammars_of
    from tauspeech.text.template import generate

    languages = ("en", *targets)
    grammars = grammars_of(GRAMMARS / f"{grammar}.yaml", languages)
    # With another name than the foundation's sets, so that other sentences are drawn.
    drawn = generate(grammars, counts, Checker(languages, None, {}), 1, "bench", None)
    rows = [
        {"utterance": f"{split}-{number}", "split": split, **sentence}
        for split, sentences in drawn.items()
        for number, sentence in enumerate(sentences)
    ]
    voices = PROSODY | {"longest": LONGEST, "voices": SIZES["speech-llm"].voices["en"]}
    audio = synthesise([Utterance(row["utterance"], row["en"]) for row in rows], voices, 1, 2)
    sounds = [decode_audio(each.flac) for each in audio]
    return [
        row | {"units": model.extractor.units(samples).tolist(), "seconds": len(samples) / 16_000}
        for row, samples in zip(rows, sounds, strict=True)
    ]


def show(model: Any, tests: dict[str, list[dict[str, Any]]]) -> None:
    """Print a row for each language: errors of transcripts, and BLEU of translated texts and of translated speech."""
    import jiwer
    import pandas as pd
    import sacrebleu

    from tauspeech.models.decoding import Decoder
    from tauspeech.models.tasks import SpeechTask
    from tauspeech.scoring.normalise import for_wer

    decoder = Decoder(model, {"beams": 1, "batch": 25, "new_tokens": 120, "precision": "fp32"})
    found = {}
    for grammar, rows in tests.items():
        texts = decoder.decode(rows, SpeechTask("transcribe", "en", "en"))
        error = jiwer.wer([for_wer(row["en"], "en") for row in rows], [for_wer(text, "en") for text in texts])
        for target in GRAMMARS_OF[grammar]:
            references, tokens = [[row[target] for row in rows]], "zh" if target == "zh" else "13a"
            kinds = [SpeechTask(kind, "en", target) for kind in ("translate_text", "translate")]
            bleu = [
                sacrebleu.corpus_bleu(decoder.decode(rows, task), references, tokenize=tokens).score for task in kinds
            ]
            found[target] = [100 * error, *bleu]
    columns = ["WER of English", "BLEU of texts", "BLEU of speech"]
    print(pd.DataFrame.from_dict(found, orient="index", columns=columns).to_string(float_format="%.1f"))


def finetuned(model: Any, grammar: str, arguments: argparse.Namespace) -> tuple[Any, float]:
    """The model with an adapter for the translation of speech into one language, and the seconds of the training."""
    from tauspeech.models.tasks import SpeechTask
    from tauspeech.training.finetuning import Finetuning, TrainingSets

    counts = {"train": arguments.sentences, "validation": VALIDATED}
    rows = spoken(model, grammar, (arguments.pair,), counts)
    sets = TrainingSets({"bench": rows}, {"bench": [SpeechTask("translate", "en", arguments.pair)]}, 1.0)
    settings = {
        "trainable": "lora", "lora": {"rank": arguments.rank, "alpha": 2 * arguments.rank, "targets": "attention"},
        "batch": 32, "accumulate": 1, "epochs": arguments.epochs, "evaluations": 2, "warmup": 0.05, "schedule": "cosine",
        "precision": "fp32", "weight_decay": 0.0, "best_by": "loss", "joint_steps": None,
    }  # fmt: skip
    begin = time.monotonic()
    with TemporaryDirectory() as folder:
        found = Finetuning(arguments.model, sets, settings, 1).at(arguments.rate, Path(folder))
    return found.model, time.monotonic() - begin


if __name__ == "__main__":
    main()
