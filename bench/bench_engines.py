"""Time of decoding by transformers' ``generate``, by this project's workflow, and by CTranslate2; and equal texts.

All three decode the same batches of recordings with the same model, one after the other; the workflow has a loop of its own
for one beam. Times are CPU seconds of --threads threads, with the features computed before. ctranslate2 must be installed. Without recordings there is a batch of
noise, and the bundled foundation.

    python bench/bench_engines.py --model MODEL --language en recordings/english.tsv
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from transformers.utils import logging

from tauspeech.data.audio import RATE, decode_audio
from tauspeech.models.conversion import convert, use_converted
from tauspeech.models.ctranslate2_package import INSTALL, installed
from tauspeech.models.family import open_model
from tauspeech.models.tasks import SpeechTask
from tauspeech.runtime.paths import ROOT
from tauspeech.speech.sets.recordings import recorded

NOISE = 16  # utterances


def samples(table: Path | None, language: str, most: int) -> Iterator[np.ndarray]:
    """Recordings of a table, of all splits, or noise."""
    if not table:
        random = np.random.default_rng(1)
        yield from (random.normal(0, 0.1, 2 * RATE).astype(np.float32) for _ in range(NOISE))
        return
    rows = recorded(str(table), "bench", "", [language], carriers=False)
    yield from (decode_audio(row["audio"]["bytes"]) for row, _ in zip(rows, range(most), strict=False))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", nargs="?", type=Path, help="table of recordings with a column of their language")
    parser.add_argument("--model", type=Path, default=ROOT / "resources" / "foundation" / "small")
    parser.add_argument("--language", default="en")
    parser.add_argument("--count", type=int, default=200, help="recordings at most")
    parser.add_argument("--window", type=float, help="input window in seconds, if not the model's own")
    parser.add_argument("--slow", type=int, default=200, help="of them, recordings that generate decodes, at most")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--beams", type=int, default=1)
    parser.add_argument("--new-tokens", type=int, default=100)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--differences", action="store_true", help="print texts that differ")
    arguments = parser.parse_args()
    if not installed():
        print(f"ctranslate2 is not installed: run `{INSTALL}` for this benchmark.")
        return

    logging.set_verbosity_error()
    torch.set_num_threads(arguments.threads)
    model = open_model(arguments.model, *filter(None, [arguments.window]))
    model.network.eval()
    features = [model.features(each) for each in samples(arguments.table, arguments.language, arguments.count)]
    batches = [features[start : start + arguments.batch] for start in range(0, len(features), arguments.batch)]
    task = SpeechTask("transcribe", arguments.language, arguments.language)
    lengths = {"beams": arguments.beams, "new_tokens": arguments.new_tokens}

    def decode(batch: list[np.ndarray]) -> list[str]:
        return model.decode(model.encode(batch), task, **lengths)

    def generate(batch: list[np.ndarray]) -> list[str]:
        network, inputs = model.network, torch.from_numpy(np.stack(batch))
        settings = network.generation_config
        timestamps = range(settings.no_timestamps_token_id + 1, network.config.vocab_size)
        ids = network.generate(
            inputs,
            attention_mask=torch.ones_like(inputs[:, 0], dtype=torch.long),
            language=task.source,
            task=task.kind,
            num_beams=arguments.beams,
            max_new_tokens=arguments.new_tokens,
            suppress_tokens=sorted({*(settings.suppress_tokens or []), *timestamps}),
        )
        return [text.strip() for text in model.processor.tokenizer.batch_decode(ids, skip_special_tokens=True)]

    print(f"{arguments.model}, {len(features)} utterances. Load average {os.getloadavg()[0]:.1f}.\n")
    few = batches[: max(1, arguments.slow // arguments.batch)]
    found = {"generate": timed(generate, few), "workflow": timed(decode, batches)}
    with tempfile.TemporaryDirectory() as name:
        begin = time.process_time()
        convert(arguments.model, Path(name) / "converted")
        converting = time.process_time() - begin
        use_converted(model, arguments.model, Path(name) / "converted", arguments.threads)
    found["ctranslate2"] = timed(decode, batches)
    print("engine       utterances  seconds each  times as fast as generate  texts equal to the workflow's")
    slowest = found["generate"][0] / len(found["generate"][1])
    for engine, (seconds, texts) in found.items():
        each = seconds / len(texts)
        equal = sum(one == other for one, other in zip(texts, found["workflow"][1], strict=False))
        print(f"{engine:<12} {len(texts):10} {each:13.3f} {slowest / each:26.2f} {equal:23} of {len(texts)}")
        for one, other in zip(texts, found["workflow"][1], strict=False):
            if one != other and arguments.differences:
                print(f"    {one}\n    {other}")
    print(f"\nConversion: {converting:.1f} s.")


def timed(decode: Callable[[list[np.ndarray]], list[str]], batches: list[list[np.ndarray]]) -> tuple[float, list[str]]:
    """CPU seconds of decoding all batches, and their texts."""
    begin = time.process_time()
    with torch.inference_mode():
        texts = [text for batch in batches for text in decode(batch)]
    return time.process_time() - begin, texts


if __name__ == "__main__":
    main()
