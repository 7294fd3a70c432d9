"""Texts that models of a finished run of negative_vectors write with some input window, and with a threshold on no speech.

Whisper computes the probability that there is no speech; utterances above a threshold count as ones without text.
Whisper's own rule is tried, too: it drops a text only if its mean log probability is below -1. Utterances are those of
the test split, decoded greedily.

    python bench/no_speech.py config/real/negative_vectors_base.yaml --models models/base merged/minus-025 --window 30
"""

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

RULES = {"alone": None, "and a mean log probability below -1": -1.0}
THRESHOLDS = (0.1, 0.3, 0.6, 0.9)
SHOWN = 3  # texts of each sound

Written = dict[str, list[dict[str, Any]]]  # by set, what a model writes on each utterance


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("--models", nargs="+", default=["models/base"], help="folders in the run's results")
    parser.add_argument("--window", type=int, default=30, help="seconds; 30 is the published one")
    parser.add_argument("--count", type=int, default=100, help="utterances of each set")
    parser.add_argument("--tokens", type=int, default=100, help="most tokens of a text")
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    import torch
    import yaml

    from tauspeech.models.folder import quiet
    from tauspeech.plan.config import complete

    quiet()
    torch.set_num_threads(arguments.threads)
    config = complete(yaml.safe_load(arguments.config.read_text(encoding="utf-8")), str(arguments.config))
    for name in arguments.models:
        show(name, config, written(arguments.results / config["name"], name, config, arguments))


def written(run: Path, name: str, config: dict[str, Any], arguments: argparse.Namespace) -> Written:
    from tauspeech.data import manifest
    from tauspeech.models.family import open_model

    model = open_model(run / name)
    if arguments.window < model.window:
        model.shorten_window(arguments.window)
    model.network.eval()
    language, found = config["language"], {}
    for id in ("speech", *config["no_speech"]["sounds"]):
        rows = manifest.read(run / "speech" / f"{id}.parquet", "test")[: arguments.count]
        found[id] = [decoded(model, row, language, arguments.tokens) for row in rows]
    return found


def decoded(model: Any, row: dict[str, Any], language: str, tokens: int) -> dict[str, Any]:
    """Text of an utterance, its mean log probability, and the probability of <|nospeech|> behind the start token."""
    import torch

    from tauspeech.models.tasks import SpeechTask

    settings, task = model.network.generation_config, SpeechTask("transcribe", language, language)
    with torch.inference_mode():
        encoded = model.encode([model.features_of(row, task)])
        (text,) = model.decode(encoded, task, beams=1, new_tokens=tokens)
        labels = model.labels(text, task)
        ids = torch.tensor([[settings.decoder_start_token_id, *labels[:-1]]])
        scores = model.network(encoder_outputs=(encoded.states,), decoder_input_ids=ids).logits[0]
    no_speech = float(scores[0].softmax(-1)[settings.no_timestamps_token_id - 1])
    return {
        "reference": row[language],
        "text": text,
        "no_speech": no_speech,
        "logprob": mean_logprob(scores, labels, settings),
    }


def mean_logprob(scores: Any, labels: list[int], settings: Any) -> float:
    """Mean log probability of the tokens behind the prompt, among those that decoding does not suppress."""
    import torch

    first = labels.index(settings.no_timestamps_token_id) + 1
    allowed = scores[first:].clone()
    allowed[:, settings.suppress_tokens or []] = -torch.inf
    allowed[0, settings.begin_suppress_tokens or []] = -torch.inf
    found = allowed.log_softmax(-1).gather(1, torch.tensor(labels[first:])[:, None])
    return float(found[found > -torch.inf].mean())


def show(name: str, config: dict[str, Any], found: Written) -> None:
    """Print the most frequent texts of each sound, and a row for each threshold and rule."""
    import pandas as pd

    print(f"\n{name}, " + ", ".join(f"{len(rows)} utterances of {id}" for id, rows in found.items()) + ".\n")
    for sound in config["no_speech"]["sounds"]:
        texts = Counter(row["text"] for row in found[sound]).most_common(SHOWN)
        print(f"{sound:8} " + "; ".join(f"{text!r} {count}" for text, count in texts))
    rules = {"no threshold": (1.0, None)}
    rules |= {f"{threshold:g} {rule}": (threshold, least) for rule, least in RULES.items() for threshold in THRESHOLDS}
    lines = {rule: cells(config, found, *limits) for rule, limits in rules.items()}
    print("\n" + pd.DataFrame.from_dict(lines, orient="index").to_string(float_format="%.1f"), flush=True)


def cells(config: dict[str, Any], found: Written, threshold: float, least: float | None) -> dict[str, Any]:
    """Error rate on speech, the share of utterances with any text by sound, and the mean number of words a minute."""
    from tauspeech.scoring.metrics import wer
    from tauspeech.scoring.no_speech import no_speech_tallies

    texts = {id: [kept(row, threshold, least) for row in rows] for id, rows in found.items()}
    language, paces = config["language"], []
    error = wer([row["reference"] for row in found["speech"]], texts["speech"], language).metric(1)
    line: dict[str, Any] = {"WER": f"{error.value:.2f} [{error.low:.2f}, {error.high:.2f}]"}
    for sound in config["no_speech"]["sounds"]:
        any_text, pace = no_speech_tallies(texts[sound], config["no_speech"]["seconds"], [], language)
        share = any_text.metric(1)
        line[f"{sound}: any text"] = f"{share.value:.0f} [{share.low:.0f}, {share.high:.0f}]"
        paces.append(pace.value())
    return line | {"words a minute": sum(paces) / len(paces)}


def kept(row: dict[str, Any], threshold: float, least: float | None) -> str:
    """The text, or none where the rule takes an utterance as one without speech."""
    is_dropped = row["no_speech"] > threshold and (least is None or row["logprob"] < least)
    return "" if is_dropped else str(row["text"])


if __name__ == "__main__":
    main()
