"""WER of English commands by a language model of text that learns units of speech: LoRA and the embeddings of new tokens.

Sentences of some domains of resources/grammar/commands/en.yaml are synthesised by espeak-ng in one voice. Those of training,
validation and test differ. First write speech from which `tauspeech expand` makes units, then train:

    python bench/speech_llm_real.py work --write
    tauspeech expand SmolLM2-135M-Instruct -o speech-llm --encoder whisper-base --window 8 --units 100 --audio work/speech/*.flac
    python bench/speech_llm_real.py work --model speech-llm

The folder keeps the units and the checkpoints, so that a training that was stopped goes on; with --last, the last checkpoint is scored.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

DOMAINS = ("alarm",)
COUNTS = {"train": 400, "validation": 30, "test": 80}
WRITTEN = 60  # training utterances from which centres are made
VOICE = {"voices": ["en-us"], "rate": [190, 230], "pitch": [35, 65], "longest": 5.0}  # 3 s of the window stay free


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, help="folder of what is kept between calls")
    parser.add_argument("--write", action="store_true", help="write some of the training speech, and do nothing else")
    parser.add_argument("--model", type=Path, help="folder of `tauspeech expand`")
    parser.add_argument("--domains", nargs="+", default=DOMAINS)
    parser.add_argument("--sentences", type=int, default=COUNTS["train"])
    parser.add_argument("--epochs", type=float, default=6)
    parser.add_argument("--evaluations", type=int, default=6)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--rate", type=float, default=5e-3)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--alpha", type=float, default=8)
    parser.add_argument("--targets", default="attention")
    parser.add_argument("--last", action="store_true", help="score the last checkpoint of a training that was stopped")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.write:
        write(arguments)
        return
    import torch

    torch.set_num_threads(arguments.threads)
    rows = rows_of(arguments)
    units = [len(row["units"]) for row in rows]
    print(
        f"{len(rows)} utterances of {sum(row['seconds'] for row in rows) / len(rows):.1f} s, {sum(units) / len(rows):.0f} units each"
    )
    found, seconds = trained(arguments, rows)
    show(found, [row for row in rows if row["split"] == "test"])
    if seconds:
        print(f"after {seconds / 60:.1f} min of training on {torch.get_num_threads()} thread(s)")


def spoken(arguments: argparse.Namespace, counts: dict[str, int]) -> list[dict[str, Any]]:
    """Sentences of splits with their speech."""
    from tauspeech.runtime.paths import GRAMMARS
    from tauspeech.speech.espeak_pool import synthesise
    from tauspeech.speech.utterances import Utterance
    from tauspeech.text.checks import Checker
    from tauspeech.text.domain_grammars import grammars_of
    from tauspeech.text.template import generate

    file = GRAMMARS / "commands" / "en.yaml"
    grammars = [grammar for domain in arguments.domains for grammar in grammars_of(file, ("en",), domain)]
    drawn = generate(grammars, counts, Checker(("en",), None, {}), 1, "bench", None)
    rows = [
        {"utterance": f"{split}-{number}", "split": split, **sentence}
        for split, sentences in drawn.items()
        for number, sentence in enumerate(sentences)
    ]
    audio = synthesise([Utterance(row["utterance"], row["en"]) for row in rows], VOICE, 1, 1)
    return [row | {"flac": each.flac, "seconds": each.samples / 16_000} for row, each in zip(rows, audio, strict=True)]


def write(arguments: argparse.Namespace) -> None:
    """Write the first training utterances as files."""
    folder = arguments.work / "speech"
    folder.mkdir(parents=True)
    rows = [row for row in spoken(arguments, COUNTS | {"train": arguments.sentences}) if row["split"] == "train"]
    for row in rows[:WRITTEN]:
        (folder / f"{row['utterance']}.flac").write_bytes(row["flac"])


def rows_of(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Utterances as units, which are kept in the folder; those that are too long are left out."""
    from tauspeech.data.audio import decode_audio
    from tauspeech.models.units.extractor import open_extractor
    from tauspeech.runtime.pace import Pace

    file = arguments.work / "units.json"
    if file.is_file():
        return list(json.loads(file.read_text()))
    extractor, found = open_extractor(arguments.model), []
    rows = spoken(arguments, COUNTS | {"train": arguments.sentences})
    pace = Pace("utterances encoded", len(rows))
    for row in rows:
        if row["seconds"] <= VOICE["longest"]:
            units = extractor.units(decode_audio(row.pop("flac"))).tolist()
            found.append(row | {"units": units})
        pace.add()
    file.write_text(json.dumps(found))
    return found


def trained(arguments: argparse.Namespace, rows: list[dict[str, Any]]) -> tuple[Any, float]:
    """The model with the best adapter on validation, or the last one, and the seconds of the training."""
    from tauspeech.models.family import open_model
    from tauspeech.models.tasks import SpeechTask
    from tauspeech.training.finetuning import Finetuning, TrainingSets
    from tauspeech.training.trainable import trainable_of
    from tauspeech.training.trainer import last_complete_checkpoint

    lora = {"rank": arguments.rank, "alpha": arguments.alpha, "targets": arguments.targets, "new_tokens": True}
    settings = {
        "trainable": "lora", "lora": lora, "batch": arguments.batch, "accumulate": 1, "epochs": arguments.epochs,
        "evaluations": arguments.evaluations, "warmup": 0.05, "schedule": "cosine", "precision": "fp32", "weight_decay": 0.0,
        "best_by": "score", "joint_steps": None, "validation_decoding": {"batch": 20, "beams": 1, "new_tokens": 40, "precision": "fp32"},
    }  # fmt: skip
    checkpoints = arguments.work / "checkpoints"
    if arguments.last:
        model = open_model(arguments.model)
        last = last_complete_checkpoint(checkpoints)
        assert last, f"{checkpoints} has no checkpoint"
        print(f"the adapter of {last.name}")
        trainable_of(model, settings, 1).load(last)
        return model, 0.0
    sets = TrainingSets({"commands": rows}, {"commands": [SpeechTask("transcribe", "en", "en")]}, 1.0)
    begin = time.monotonic()
    found = Finetuning(arguments.model, sets, settings, 1).at(arguments.rate, checkpoints)
    return found.model, time.monotonic() - begin


def show(model: Any, rows: list[dict[str, Any]]) -> None:
    """Print the error rate with its interval, and some transcripts."""
    from tauspeech.models.decoding import Decoder
    from tauspeech.models.tasks import SpeechTask
    from tauspeech.scoring.metrics import wer

    decoder = Decoder(model, {"beams": 1, "batch": 25, "new_tokens": 40, "precision": "fp32"})
    texts = decoder.decode(rows, SpeechTask("transcribe", "en", "en"))
    found = wer([row["en"] for row in rows], texts, "en").metric(1)
    print(f"WER of {found.n} unseen sentences: {found.value:.1f} [{found.low:.1f}, {found.high:.1f}]")
    others = wer([row["en"] for row in rows], [*texts[1:], *texts[:1]], "en").value()
    print(f"with each one's transcript in place of another's: {others:.1f}")
    for row, text in list(zip(rows, texts, strict=True))[:8]:
        print(f"    {row['en']}\n    -> {text}")


if __name__ == "__main__":
    main()
