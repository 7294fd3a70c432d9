"""Error of models on clean speech through a channel, by effect: each effect for all utterances, and the whole channel.

The channel is that of a configuration of syn2real, and the speech are test sentences of a finished run with it.

    python bench/channel.py config/syn2real.yaml music social --models base without-music--mixed
"""

import argparse
from pathlib import Path
from typing import Any

OFF: dict[str, Any] = {"share": 0}
EFFECTS = ("rooms", "noise", "microphones", "telephone")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("domains", nargs="+")
    parser.add_argument("--models", nargs="+", default=["base"], help="folders in models/ of the run")
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    compare(arguments)


def compare(arguments: argparse.Namespace) -> None:
    """Print a row for each effect, with a column for each model."""
    import pandas as pd
    import torch
    import yaml

    from tauspeech.data import manifest
    from tauspeech.models.family import open_model
    from tauspeech.plan.config import complete

    torch.set_num_threads(arguments.threads)
    config = complete(yaml.safe_load(arguments.config.read_text()), str(arguments.config))
    folder = arguments.results / config["name"]
    files = [folder / "speech" / f"{domain}--clean.parquet" for domain in arguments.domains]
    rows = [row for file in files for row in manifest.read(file, "test")]
    models = [open_model(folder / "models" / name) for name in arguments.models]
    found = {}
    for name, channel in channels(config["recorded"]["channel"]).items():
        spoken = through(rows, channel, config["seed"])
        found[name] = [error(model, spoken, config) for model in models]
    print(f"\nWER of {len(rows)} test utterances: {', '.join(arguments.domains)}.\n")
    print(pd.DataFrame.from_dict(found, orient="index", columns=arguments.models).to_string(float_format="%.1f"))


def channels(whole: dict[str, Any]) -> dict[str, dict[str, Any] | None]:
    """Channels by what they have: nothing, one effect of the whole channel for all utterances, and all of them."""
    silent = whole | {effect: whole[effect] | OFF for effect in EFFECTS} | {"gain": [0, 0]}
    return (
        {"none: clean speech": None}
        | {effect: silent | {effect: whole[effect] | {"share": 1}} for effect in EFFECTS}
        | {"gain": silent | {"gain": whole["gain"]}, "all, as configured": whole}
    )


def through(rows: list[dict[str, Any]], channel: dict[str, Any] | None, seed: int) -> list[dict[str, Any]]:
    from tauspeech.data.audio import decode_audio, encode_audio
    from tauspeech.speech.channel.effects import through_channel

    if channel is None:
        return rows
    recordings = [through_channel(decode_audio(row["audio"]["bytes"]), channel, seed, row["utterance"]) for row in rows]
    return [
        row | {"audio": row["audio"] | {"bytes": encode_audio(each)}}
        for row, each in zip(rows, recordings, strict=True)
    ]


def error(model: Any, rows: list[dict[str, Any]], config: dict[str, Any]) -> float:
    import jiwer

    from tauspeech.models.decoding import Decoder
    from tauspeech.models.tasks import SpeechTask
    from tauspeech.scoring.normalise import for_wer

    language = config["language"]
    found = Decoder(model, config["decoding"]).decode(rows, SpeechTask("transcribe", language, language))
    return 100 * jiwer.wer(
        *([for_wer(text, language) for text in side] for side in ([row[language] for row in rows], found))
    )


if __name__ == "__main__":
    main()
