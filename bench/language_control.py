"""Effect of the vector of language control in a finished run of language_expansion, on the validation speech of a table.

First the norms of the vectors, and how often the control's own model writes the language's token that it was asked for. Then,
for the sum of both languages at one weight, BLEU, the share of incomplete answers and that of wrong language tokens, against
the weight of the control.

    python bench/language_control.py results/language_expansion table4 --languages de zh
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

Weights = Mapping[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("table", choices=("table3", "table4"))
    parser.add_argument("--languages", nargs=2, required=True)
    parser.add_argument("--source", default="en")
    parser.add_argument("--weight", type=float, default=0.6, help="of both languages")
    parser.add_argument("--controls", type=float, nargs="+", default=[0.0, 0.2, 0.5, 1.0, 1.5])
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    import torch

    torch.set_num_threads(arguments.threads)
    lab = Lab(arguments.results, arguments.languages, arguments.source)
    first, second = (lab.vector(f"{language}--st") for language in arguments.languages)
    control = lab.vector(f"{arguments.table}--control")
    print(
        "norms:", ", ".join(f"{norm(each):.2f}" for each in (first, second)), f"and {norm(control):.2f} of the control"
    )
    lab.show("control alone", {0: 1.0}, [control], "control_language")
    for weight in arguments.controls:
        factors = dict(enumerate((arguments.weight, arguments.weight, weight)))
        lab.show(f"control {weight:g}", factors, [first, second, control], "translate")


def norm(vector: Weights) -> float:
    return sum(float((change**2).sum()) for change in vector.values()) ** 0.5


class Lab:
    """The base of a run with its validation sets, on which sums of vectors are tried."""

    def __init__(self, results: Path, languages: list[str], source: str):
        from tauspeech.data import manifest
        from tauspeech.models.decoding import Decoder
        from tauspeech.models.family import open_model

        self.models, self.source = results / "models", source
        self.base = self._weights("base")
        self.rows = {each: manifest.read(results / f"units/{each}.parquet", "validation") for each in languages}
        self.model = open_model(self.models / "base")
        self.decoder = Decoder(self.model, {"beams": 1, "batch": 100, "new_tokens": 120, "precision": "fp32"})

    def _weights(self, name: str) -> Weights:
        from safetensors.torch import load_file

        found: Weights = load_file(self.models / name / "model.safetensors")
        return found

    def vector(self, name: str) -> Weights:
        found = self._weights(name)
        return {tensor: found[tensor] - self.base[tensor] for tensor in self.base}

    def show(self, name: str, factors: Mapping[int, float], vectors: list[Weights], kind: str) -> None:
        """A line for each language: BLEU of translations, incomplete answers, and wrong language tokens."""
        from tauspeech.models.tasks import SpeechTask
        from tauspeech.scoring.metrics import bleu

        self.model.load_weights(
            (tensor, (value + sum(factors[i] * each[tensor] for i, each in enumerate(vectors))).numpy())
            for tensor, value in self.base.items()
        )
        for language, rows in self.rows.items():
            texts = self.decoder.decode(rows, SpeechTask(kind, self.source, language))
            details = [text.details for text in texts]  # type: ignore[attr-defined]
            incomplete, wrong = (
                100 * fmean(found)
                for found in (
                    [not each["complete"] for each in details],
                    [each["written"] != language for each in details],
                )
            )
            score = f"BLEU {bleu([row[language] for row in rows], list(texts), language).value():5.1f}, "
            about = f"incomplete {incomplete:3.0f} %, wrong token {wrong:3.0f} %"
            print(f"{name:14} {language}: {score if kind == 'translate' else ''}{about}", flush=True)


if __name__ == "__main__":
    main()
