"""Time of decoding by the greedy loop compared with transformers' own ``generate``, on the same model and batches.

Both run in one process, alternately, --runs times each; numbers are medians. The token ids are compared. Times are CPU
seconds of --threads threads. Without speech sets the batches are noise, for which decoding often ends only at the limit
of --new-tokens.

    python bench/bench_decoding.py                                     # noise
    python bench/bench_decoding.py --model results/rare_words/models/raphael results/rare_words/speech/*.parquet
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from transformers.utils import logging

from tauspeech.data import manifest
from tauspeech.data.audio import RATE, decode_audio
from tauspeech.models.devices import device
from tauspeech.models.half_precision import arithmetic
from tauspeech.models.whisper import greedy
from tauspeech.models.whisper.family import open_model
from tauspeech.runtime.paths import ROOT

COLUMNS = (("", 40), ("rows", 5), ("features", 8), ("encoder", 8), ("old", 8), ("new", 8), ("old/new", 8), ("ids", 9))


def row(*cells: object) -> None:
    shown = [f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in cells]
    first, *others = (f"{cell:>{width}}" for cell, (_, width) in zip(shown, COLUMNS, strict=True))
    print(first.lstrip().ljust(len(first)), *others, sep="  ", flush=True)


def utterances(sets: list[Path], count: int, seconds: float) -> Iterator[tuple[str, list[np.ndarray]]]:
    """Names and utterances of speech sets; without any, a set of noise."""
    if not sets:
        random = np.random.default_rng(1)
        yield "noise", [random.normal(0, 0.1, int(RATE * seconds)).astype(np.float32) for _ in range(count)]
    for path in sets:
        yield path.stem, [decode_audio(each["audio"]["bytes"]) for each in manifest.read(path, "test")[:count]]


def timed(run: Callable[[], object]) -> float:
    """CPU seconds of a call; on a GPU, seconds of wall time."""
    on_gpu = device() == "cuda"
    clock = time.perf_counter if on_gpu else time.process_time
    begin = clock()
    run()
    if on_gpu:
        torch.cuda.synchronize()
    return clock() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", type=Path, help="speech sets of a run, whose test split is decoded")
    parser.add_argument("--model", type=Path, default=ROOT / "resources" / "foundation" / "small")
    parser.add_argument("--language", default="zh")
    parser.add_argument("--task", default="translate")
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--new-tokens", type=int, default=100)
    parser.add_argument("--precision", default="fp32", help="fp32, bf16 or fp16, with weights in float32")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()

    logging.set_verbosity_error()
    torch.set_num_threads(arguments.threads)
    model = open_model(arguments.model)
    model.network.to(device()).eval()
    settings = {"language": arguments.language, "task": arguments.task, "max_new_tokens": arguments.new_tokens}
    print(f"{arguments.model}, one batch of each set. Load average {os.getloadavg()[0]:.1f}. Seconds, on {device()}.\n")
    row(*(name for name, _ in COLUMNS))
    for name, speech in utterances(arguments.sets, arguments.batch, model.window / 2):
        found: list[np.ndarray] = []
        preparing = timed(lambda speech=speech, found=found: found.extend(map(model.features, speech)))
        inputs = torch.from_numpy(np.stack(found)).to(model.network.device)
        with arithmetic(model.network, arguments.precision):
            row(name, len(inputs), preparing, *measured(model.network, inputs, settings, arguments.runs))


def measured(
    network: Any, inputs: torch.Tensor, settings: dict[str, object], runs: int
) -> tuple[float, float, float, float, str]:
    """Seconds of the encoder, of ``generate`` and of the greedy loop, their ratio, and the comparison of the ids."""
    settings = {"attention_mask": torch.ones_like(inputs[:, 0], dtype=torch.long), "num_beams": 1, **settings}

    def by_loop() -> torch.Tensor:
        return greedy.generate(network, inputs, greedy.encode(network, inputs), **settings)

    old, new, encoder, ids = [], [], [], []
    with torch.inference_mode():
        for _ in range(runs):
            old.append(timed(lambda: ids.append(network.generate(inputs, **settings))))
            new.append(timed(lambda: ids.append(by_loop())))
            encoder.append(timed(lambda: greedy.encode(network, inputs)))
    same = all(torch.equal(ids[0], each) for each in ids)
    times = median(encoder), median(old), median(new)
    return *times, times[1] / times[2], "equal" if same else "DIFFERENT"


if __name__ == "__main__":
    main()
