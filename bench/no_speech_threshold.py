"""What a threshold on Whisper's probability of no speech does, on the sets of a finished run of negative_vectors.

An utterance above the threshold counts as one without text. Whisper's own rule is tried, too: it drops a text only if
its mean log probability is below -1. Rows are thresholds, with error rates on speech and what is left on sounds.

    python bench/no_speech_threshold.py config/real/negative_vectors_base.yaml
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RULES = {"the threshold alone": None, "and a mean log probability below -1": -1.0}
THRESHOLDS = (None, 0.1, 0.3, 0.6, 0.9, 0.99)

Utterances = dict[tuple[str, str], list[dict[str, Any]]]  # by split and set


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("--model", default="models/base", help="folder of a model in the run's results")
    parser.add_argument("--hypotheses", default="base", help="name of this model's hypotheses")
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    import torch
    import yaml

    from tauspeech.plan.config import complete

    torch.set_num_threads(arguments.threads)
    config = complete(yaml.safe_load(arguments.config.read_text(encoding="utf-8")), str(arguments.config))
    show(config, scored(config, arguments))


def scored(config: dict[str, Any], arguments: argparse.Namespace) -> Utterances:
    """Hypotheses with the probability of no speech and the mean log probability of their texts."""
    from tauspeech.data import manifest
    from tauspeech.models.family import open_model
    from tauspeech.runtime.files import read_json_lines

    run, found = arguments.results / config["name"], {}
    model = open_model(run / arguments.model, config["base_window"])
    for split, ending in (("validation", "--validation"), ("test", "")):
        for id in ("speech", *config["no_speech"]["sounds"]):
            folder = f"{arguments.hypotheses}--{'speech' if id == 'speech' else 'no-speech'}{ending}"
            lines = read_json_lines(run / "hypotheses" / folder / f"{id}.transcribe.jsonl")
            rows = manifest.read(run / "speech" / f"{id}.parquet", split)
            further = probabilities(model, rows, [line["hypothesis"] for line in lines], config["language"])
            found[split, id] = [line | each for line, each in zip(lines, further, strict=True)]
    return found


def probabilities(
    model: Any, rows: list[dict[str, Any]], texts: list[str], language: str
) -> Iterator[dict[str, float]]:
    """Of each utterance the probability of <|nospeech|> behind the start token, and the mean log probability of its text."""
    import torch

    from tauspeech.models.tasks import SpeechTask

    network, task = model.network.eval(), SpeechTask("transcribe", language, language)
    settings = network.generation_config
    no_speech = settings.no_timestamps_token_id - 1
    for row, text in zip(rows, texts, strict=True):
        labels = model.labels(text, task)
        ids = torch.tensor([[settings.decoder_start_token_id, *labels[:-1]]])
        features = torch.from_numpy(model.features_of(row, task))[None]
        with torch.inference_mode():
            scores = network(input_features=features, decoder_input_ids=ids).logits[0]
        yield {"no_speech": float(scores[0].softmax(-1)[no_speech]), "logprob": mean_logprob(scores, labels, settings)}


def mean_logprob(scores: Any, labels: list[int], settings: Any) -> float:
    """Of the tokens behind the prompt, among those that decoding does not suppress."""
    import torch

    first = labels.index(settings.no_timestamps_token_id) + 1
    allowed = scores[first:].clone()
    allowed[:, settings.suppress_tokens or []] = -torch.inf
    allowed[0, settings.begin_suppress_tokens or []] = -torch.inf
    written = allowed.log_softmax(-1).gather(1, torch.tensor(labels[first:])[:, None])
    return float(written[written > -torch.inf].mean())


def show(config: dict[str, Any], found: Utterances) -> None:
    """Print a table for each split and rule."""
    import pandas as pd

    for split in ("validation", "test"):
        for rule, logprob in RULES.items():
            lines = {}
            for threshold in THRESHOLDS:
                texts = {id: kept(rows, threshold, logprob) for (of, id), rows in found.items() if of == split}
                references = [row["reference"] for row in found[split, "speech"]]
                lines["none" if threshold is None else f"{threshold:g}"] = cells(config, references, texts)
            print(f"\nProbability of no speech above a threshold, {rule}; {split}:\n")
            print(pd.DataFrame.from_dict(lines, orient="index").to_string(float_format="%.1f"))


def cells(config: dict[str, Any], references: list[str], texts: dict[str, list[str]]) -> dict[str, Any]:
    """Error rate on speech, the share of utterances with any text by sound, and the mean number of words a minute."""
    from tauspeech.scoring.metrics import wer
    from tauspeech.scoring.no_speech import no_speech_tallies

    language, paces = config["language"], []
    error = wer(references, texts["speech"], language).metric(1)
    line: dict[str, Any] = {"WER": f"{error.value:.2f} [{error.low:.2f}, {error.high:.2f}]"}
    for sound in config["no_speech"]["sounds"]:
        any_text, pace = no_speech_tallies(texts[sound], config["no_speech"]["seconds"], [], language)
        share = any_text.metric(1)
        line[f"{sound}: any text"] = f"{share.value:.0f} [{share.low:.0f}, {share.high:.0f}]"
        paces.append(pace.value())
    return line | {"words a minute": sum(paces) / len(paces)}


def kept(rows: list[dict[str, Any]], threshold: float | None, logprob: float | None) -> list[str]:
    """Hypotheses, empty where the rule takes an utterance as one without speech."""

    def dropped(row: dict[str, Any]) -> bool:
        above = threshold is not None and row["no_speech"] > threshold
        return above and (logprob is None or row["logprob"] < logprob)

    return ["" if dropped(row) else row["hypothesis"] for row in rows]


if __name__ == "__main__":
    main()
