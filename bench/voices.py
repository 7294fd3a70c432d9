"""Error of a published model on synthesised speech, by language: voices of Kokoro beside espeak-ng's, and Kokoro's speed.

Sentences are those of the template grammars; each engine synthesises the same ones, with its voices of the language in turn. The
model decodes them greedily, in fp32, with an input window of 10 s; the error is that of characters without punctuation.
Kokoro runs in its own environment, which `make envs` makes; times are its CPU seconds for a second of speech.

    python bench/voices.py models/whisper-base --kokoro onnx-community/Kokoro-82M-v1.0-ONNX
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ESPEAK = {
    "zh": ["cmn", "cmn+f2", "cmn+m3"],
    "en": ["en-us", "en-us+f2"],
    "es": ["es+f5", "es+m7"],
    "fr": ["fr+f5", "fr+m7"],
    "it": ["it+f5", "it+m7"],
    "pt": ["pt+f5", "pt+m7"],
}
WINDOW = 10.0
LONGEST = 30.0  # seconds of a sound
WORKFLOW = Path(__file__).resolve().parents[1] / "workflow" / "scripts"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--kokoro", default="onnx-community/Kokoro-82M-v1.0-ONNX", help="hub id or folder")
    parser.add_argument("--languages", nargs="+", choices=ESPEAK, default=list(ESPEAK))
    parser.add_argument("--count", type=int, default=12, help="sentences of each language")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.folder:
        synthesise("kokoro", arguments)
    else:
        compare(arguments)


def compare(arguments: argparse.Namespace) -> None:
    """Print a row for each language."""
    from tauspeech.runtime.environments import folder_of

    with tempfile.TemporaryDirectory() as name:
        arguments.folder = Path(name)
        texts = {language: sentences(language, arguments.count) for language in arguments.languages}
        (arguments.folder / "texts.json").write_text(json.dumps(texts))
        environment = {**os.environ, "PYTHONPATH": str(WORKFLOW), "OMP_NUM_THREADS": str(arguments.threads)}
        python = str(folder_of("kokoro") / "bin" / "python")
        subprocess.run([python, *sys.argv, "--folder", name], env=environment, check=True)
        synthesise("espeak", arguments)
        found = {engine: errors(engine, texts, arguments) for engine in ("kokoro", "espeak")}
        costs = json.loads((arguments.folder / "kokoro.json").read_text())
    print(f"{arguments.model}, {arguments.count} sentences a language, {arguments.threads} threads.\n")
    print("language  CER, Kokoro  CER, espeak-ng  CPU s of Kokoro for a second")
    for language in arguments.languages:
        rates = f"{found['kokoro'][language]:13.1f}{found['espeak'][language]:16.1f}"
        print(f"{language:8}{rates}{costs[language]:30.2f}")


def sentences(language: str, count: int) -> list[str]:
    """Sentences of the language's grammar beside English, of Mandarin's for English."""
    from tauspeech.plan.sources import grammar_source
    from tauspeech.runtime.paths import GRAMMARS
    from tauspeech.text.checks import Checker
    from tauspeech.text.grammar import Grammar
    from tauspeech.text.template import generate

    both = ("zh" if language == "en" else language, "en")
    grammar = Grammar.load(GRAMMARS / f"{grammar_source(both)['name']}.yaml", both)
    drawn = generate([grammar], {"test": count}, Checker(both, None, {}), 1, "voices", None)
    return [sentence[language] for sentence in drawn["test"]]


def synthesise(name: str, arguments: argparse.Namespace) -> None:
    """Write the sounds of all sentences, and CPU seconds for a second of speech by language."""
    import importlib

    from tauspeech.data.audio import RATE, encode_audio
    from tauspeech.speech.normalisation import normalise_audio

    module = importlib.import_module(f"tauspeech.speech.engines.{name}")
    models: dict[str, dict[str, Any]] = {
        "kokoro": {"model": arguments.kokoro, "file": "onnx/model_quantized.onnx", "speed": [0.9, 1.1]},
        "espeak": {"rate": [220, 270], "pitch": [40, 60]},
    }
    costs = {}
    for language, texts in json.loads((arguments.folder / "texts.json").read_text()).items():
        engine = module.open_engine({"engine": name, "name": "bench"} | models[name], language)
        speakers = ESPEAK[language] if name == "espeak" else engine.speakers
        engine.synthesise(texts[0], speakers[0], 0)  # the first one is slower
        cpu, seconds = 0.0, 0.0
        for index, text in enumerate(texts):
            begin = time.process_time()
            sound = engine.synthesise(text, speakers[index % len(speakers)], index)
            cpu += time.process_time() - begin
            samples = normalise_audio(sound, LONGEST)
            seconds += len(samples) / RATE
            (arguments.folder / f"{name}-{language}-{index}.flac").write_bytes(encode_audio(samples))
        costs[language] = cpu / seconds
    (arguments.folder / f"{name}.json").write_text(json.dumps(costs))


def errors(engine: str, texts: dict[str, list[str]], arguments: argparse.Namespace) -> dict[str, float]:
    """Character error rate in percent of each language."""
    import jiwer
    import torch

    from tauspeech.data.audio import read
    from tauspeech.models.family import open_model
    from tauspeech.models.tasks import SpeechTask
    from tauspeech.scoring.normalise import for_cer
    from tauspeech.scoring.rules import DEFAULT_RULES

    torch.set_num_threads(arguments.threads)
    model = open_model(arguments.model, WINDOW)
    model.network.eval()
    found = {}
    for language, references in texts.items():
        files = [arguments.folder / f"{engine}-{language}-{index}.flac" for index in range(len(references))]
        with torch.inference_mode():
            states = model.encode([model.features(read(file)) for file in files])
            task = SpeechTask("transcribe", language, language)
            hypotheses = model.decode(states, task, beams=1, new_tokens=80)
        truth, decoded = (
            [for_cer(text, language, DEFAULT_RULES) for text in each] for each in (references, hypotheses)
        )
        found[language] = 100 * jiwer.cer(truth, decoded)
    return found


if __name__ == "__main__":
    main()
