"""Error, time and memory of decoding recordings with shorter input windows of a Whisper.

Recordings are tables with the columns file and a language, as in speech.recordings; those of up to --longest seconds are
decoded greedily, in fp32. Each window is a process of its own, whose peak memory counts; times are CPU seconds.

    python bench/window.py models/whisper-base en=recordings/en.tsv de=recordings/de.tsv
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from measure import once


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("sets", nargs="+", metavar="LANGUAGE=TABLE")
    parser.add_argument(
        "--windows", type=int, nargs="+", default=[30, 15, 10, 8], help="seconds; 30 is the published one"
    )
    parser.add_argument("--longest", type=float, default=7, help="seconds of a recording")
    parser.add_argument("--count", type=int, default=100, help="recordings of each set")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--window", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.window is None:
        compare(arguments)
    else:
        arguments.out.write_text(json.dumps(decoded(arguments)))


def compare(arguments: argparse.Namespace) -> None:
    """Print a row for each window and set."""
    print(f"{arguments.model}, {arguments.threads} threads, load average {os.getloadavg()[0]:.1f}.\n")
    heads = ("set", "utterances", "error %", "CPU s each", "GB")
    print(f"{'window':8}" + "".join(f"{head:>13}" for head in heads))
    for window in arguments.windows:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder, "found.json")
            command = [sys.executable, *sys.argv, "--window", str(window), "--out", str(out)]
            cost = once(command, {"OMP_NUM_THREADS": str(arguments.threads)})
            for name, count, error, seconds in json.loads(out.read_text()):
                cells = f"{name:>13}{count:13d}{error:13.2f}{seconds:13.2f}{cost.rss / 1e3:13.2f}"
                print(f"{window:<8}{cells}", flush=True)


def decoded(arguments: argparse.Namespace) -> list[tuple[str, int, float, float]]:
    """Name, number of recordings, error rate in percent and seconds for each recording, of each set."""
    import torch

    from tauspeech.data.audio import RATE, encode_audio, read
    from tauspeech.data.tables import read_table
    from tauspeech.models.decoding import Decoder
    from tauspeech.models.family import open_model
    from tauspeech.models.tasks import SpeechTask
    from tauspeech.models.validation import validation_score

    torch.set_num_threads(arguments.threads)
    model = open_model(arguments.model)
    if arguments.window < model.window:
        model.shorten_window(arguments.window)
    model.room = 0.0  # how much it needs is what is measured
    decoder = Decoder(model, {"beams": 1, "batch": arguments.batch, "new_tokens": 100, "precision": "fp32"})
    found = []
    for each in arguments.sets:
        language, _, table = each.partition("=")
        rows = []
        for line in read_table(Path(table)):
            samples = read(Path(table).parent / line["file"])
            if len(rows) < arguments.count and len(samples) <= arguments.longest * RATE:
                row = {"utterance": line["file"], "seconds": len(samples) / RATE, "text": line[language]}
                rows.append(row | {"audio": {"bytes": encode_audio(samples)}})
        begin = time.process_time()
        hypotheses = decoder.decode(rows, SpeechTask("transcribe", language, language))
        seconds = (time.process_time() - begin) / len(rows)
        score = validation_score("transcribe", language, [row["text"] for row in rows], hypotheses)
        found.append((Path(table).parent.name or Path(table).stem, len(rows), 100 - score, seconds))
    return found


if __name__ == "__main__":
    main()
