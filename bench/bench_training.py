"""Speed and memory of trainings of a Whisper: all weights, with a shorter input window, the decoder, an adapter in it.

Each row is a process of its own, one after the other, and is compared to the first: transformers' Trainer as it comes, on
the published window. Speech is noise, of which neither speed nor memory depends on; targets have --tokens tokens.
Times are CPU seconds, which hardly depend on what else runs, so that one thread shows most. "once" is the time of what is
computed once for an utterance: mel features, and the encoder's output where it is kept. "word" is the time of --sentences
utterances and --epochs passes over them, without validation.

    python bench/bench_training.py                                    # the shape of Whisper-tiny, random weights
    python bench/bench_training.py --model models/whisper-base        # published weights
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from measure import Cost, once

LORA = {"trainable": "lora", "lora": {"rank": 8, "alpha": 16, "targets": "decoder_attention"}}
PLAIN = "plain Trainer"


class Case(NamedTuple):
    name: str
    window: int | None  # seconds, if it is not the published one
    settings: dict[str, Any]


def cases(windows: Sequence[int]) -> list[Case]:
    found = [Case(PLAIN, None, {})]
    for window in (None, *windows):
        parts: dict[str, dict[str, Any]] = {
            "all": {},
            "decoder": {"trainable": "decoder"},
            "lora, decoder_attention": LORA,
        }
        found += [Case(name, window, settings) for name, settings in parts.items()]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="folder of a Whisper (default: random weights)")
    parser.add_argument("--windows", type=int, nargs="*", default=[10], help="seconds, beside the published window")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--tokens", type=int, default=24)
    parser.add_argument("--steps", type=int, default=3, help="measured steps, behind one that is not")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--sentences", type=int, default=400)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--case", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.case is None:
        compare(arguments)
    else:
        arguments.out.write_text(json.dumps(measured(cases(arguments.windows)[arguments.case], arguments)))


def compare(arguments: argparse.Namespace) -> None:
    """Print a row for each case."""
    where = arguments.model or "Whisper-tiny's shape with random weights"
    print(
        f"{where}, batches of {arguments.batch}, {arguments.threads} threads. Load average {os.getloadavg()[0]:.1f}.\n"
    )
    heads = ("trained", "window", "once s", "examples/s", "x plain", "GB", "x plain", "word min")
    print(f"{heads[0]:26}" + "".join(f"{head:>11}" for head in heads[1:]))
    first: tuple[float, float] | None = None
    for number, case in enumerate(cases(arguments.windows)):
        found, cost = in_process(number, arguments)
        speed, memory = found["examples_s"], cost.rss / 1e3
        first = first or (speed, memory)
        word = arguments.sentences * (found["once_s"] + arguments.epochs / speed) / 60
        cells = (found["window"], found["once_s"], speed, speed / first[0], memory, memory / first[1], word)
        print(f"{case.name:26}" + "".join(f"{cell:11.2f}" for cell in cells), flush=True)


def in_process(number: int, arguments: argparse.Namespace) -> tuple[dict[str, float], Cost]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "found.json")
        command = [sys.executable, *sys.argv, "--case", str(number), "--out", str(out)]
        cost = once(command, {"OMP_NUM_THREADS": str(arguments.threads)})
        found: dict[str, float] = json.loads(out.read_text())
        return found, cost


def measured(case: Case, arguments: argparse.Namespace) -> dict[str, float]:
    """Seconds of an utterance's features, and examples a second of a case, in this process."""
    import numpy as np
    import torch
    from gpu_parts import training as loops
    from gpu_parts.shapes import Shape, new_whisper

    from tauspeech.data.audio import RATE
    from tauspeech.models.family import Example, open_model
    from tauspeech.training.trainable import trainable_of, trains_encoder

    torch.set_num_threads(arguments.threads)
    shape = Shape("tiny", 384, 4, 6)
    model: Any = open_model(arguments.model) if arguments.model else new_whisper(shape, 30, "cpu")
    if case.window:
        model.shorten_window(case.window)
    module = model.network
    if case.name != PLAIN:
        module = trainable_of(model, case.settings, seed=1).module
        model = model if trains_encoder(model) else model.with_encoded_features()
    random = np.random.default_rng(1)
    speech = [random.normal(0, 0.1, int(RATE * (model.window - model.room))) for _ in range(arguments.batch)]
    labels = random.integers(0, 1000, (arguments.batch, arguments.tokens)).tolist()
    begin = time.process_time()
    features = [model.features(samples.astype(np.float32)) for samples in speech]
    once_s = (time.process_time() - begin) / len(speech)

    class Noise(torch.utils.data.Dataset[Example]):
        lengths: Sequence[float] = ()

        def __len__(self) -> int:
            return arguments.batch * (1 + int(arguments.steps))

        def __getitem__(self, index: int) -> Example:
            return Example(features[index % len(features)], labels[index % len(features)])

    class CpuClock(loops.Clock):
        def _stamp(self) -> None:
            self._stamps.append(time.process_time())

    clock = CpuClock("cpu")
    planned = loops.Case(shape, 30, False, "", batch=arguments.batch, warm=1, steps=arguments.steps)
    with tempfile.TemporaryDirectory() as folder:
        of_case: Any = loops.Training(planned, model, module, Noise(), Path(folder), False)
        (loops.plain if case.name == PLAIN else loops.ours)(of_case, clock)
    speed = arguments.batch / median(clock.steps()[1:])
    return {"window": model.window, "once_s": once_s, "examples_s": speed}


if __name__ == "__main__":
    main()
