"""Whisper models in CTranslate2's format: their conversion, and decoding with them, on the CPU and in float32.

Prompt, suppressed tokens, beams and lengths are those that ``Whisper.decode`` gives to transformers. Texts are the same
but for ties and sums in another order.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from tauspeech.models.whisper.converter_folder import complete
from tauspeech.models.whisper.family import Whisper
from tauspeech.runtime.errors import UserError, one_line
from tauspeech.runtime.files import write_folder
from tauspeech.runtime.receipts import Receipt

TYPE = "float32"
FILES = ("tokenizer.json", "preprocessor_config.json")  # for faster-whisper
PIECE = 8  # utterances that are encoded at a time; more need memory, and no less time
NEUTRAL = {"repetition_penalty": 1.0, "no_repeat_ngram_size": 0, "length_penalty": 1.0, "bad_words_ids": None}


def convert(folder: Path, out: Path) -> None:
    """See ``models.conversion.convert``."""
    from ctranslate2.converters import TransformersConverter

    def write(part: Path) -> None:
        # force, since the empty folder exists
        TransformersConverter(str(copy), copy_files=list(FILES)).convert(str(part), quantization=TYPE, force=True)

    with TemporaryDirectory(prefix="tauspeech-") as name:
        copy = Path(name)
        complete(folder, copy, without_bfloat16=False)
        try:
            write_folder(out, write)
        except (ValueError, RuntimeError) as error:
            raise UserError(
                f"CTranslate2 cannot convert {folder} ({one_line(str(error))}): choose the engine transformers."
            ) from None


def use_converted(model: Whisper, converted: Path, threads: int) -> None:
    """See ``models.conversion.use_converted``."""
    if name := unsupported(model):
        raise UserError(
            f"the generation settings of the model have {name}, which is not used with CTranslate2: choose the engine "
            "transformers."
        )
    model.converted = ConvertedWhisper(model, converted, threads)


def unsupported(model: Whisper) -> str | None:
    """A generation setting of the model that CTranslate2 would not follow in the same way, if there is one."""
    settings = model.network.generation_config
    changed = (name for name, neutral in NEUTRAL.items() if getattr(settings, name, None) not in (None, neutral))
    return next(changed, None)


def convert_and_use(model: Whisper, folder: Path, threads: int) -> None:
    """Decode with the conversion that a run has made of the folder's model; without one, convert it for this process."""
    with TemporaryDirectory(prefix="tauspeech-") as name:
        converted = _made_by_run(folder)
        if not converted:
            converted = Path(name) / "converted"
            convert(folder, converted)
        use_converted(model, converted, threads)


def _made_by_run(folder: Path) -> Path | None:
    """The folder converted/<model> of a run, if it is of the model as it is now."""
    made = folder.resolve().parent.parent / "converted" / folder.resolve().name
    try:
        receipt = Receipt.read(made / "receipt.json")
        current = Receipt.read(folder / "receipt.json")
        current.files(), receipt.files()  # unchanged
    except UserError:
        return None
    return made if receipt.content["inputs"]["model"]["receipt"] == current.digest else None


class ConvertedWhisper:
    """A converted model, with the tokens and settings of the open one that it was made of."""

    def __init__(self, model: Whisper, folder: Path, threads: int):
        import ctranslate2

        self._tokenizer, self._settings = model.processor.tokenizer, model.network.generation_config
        self._network = ctranslate2.models.Whisper(
            str(folder), device="cpu", compute_type=TYPE, intra_threads=threads, inter_threads=1
        )
        self._states: tuple[torch.Tensor, list[Any]] | None = None  # of the latest batch, which tasks share

    def generate(self, inputs: torch.Tensor, settings: dict[str, Any]) -> list[list[int]]:
        """Tokens of a batch behind the prompt; ``settings`` are arguments of transformers' ``generate``."""
        prompt = self._prompt(settings)
        new_tokens = settings["max_new_tokens"]
        suppressed = settings.get("suppress_tokens") or self._settings.suppress_tokens or []
        found = []
        for states, count in self._encoded(inputs):
            results = self._network.generate(
                states,
                [prompt] * count,
                beam_size=settings["num_beams"],
                # CTranslate2 takes the smaller of a half of this number and what it leaves behind the prompt.
                max_length=max(2 * new_tokens, new_tokens + len(prompt) - 1),
                suppress_blank=bool(self._settings.begin_suppress_tokens),
                suppress_tokens=list(suppressed),
            )
            found += [result.sequences_ids[0] for result in results]
        return found

    def _prompt(self, settings: dict[str, Any]) -> list[int]:
        """Tokens before the text; an English-only model has none for languages and tasks."""
        about = [f"<|{settings[key]}|>" for key in ("language", "task") if key in settings]
        ids: list[int] = self._tokenizer.convert_tokens_to_ids(["<|startoftranscript|>", *about, "<|notimestamps|>"])
        return ids

    def _encoded(self, inputs: torch.Tensor) -> list[tuple[Any, int]]:
        """Output of the encoder by pieces of a batch, each with its number of utterances."""
        if self._states is None or self._states[0] is not inputs:
            import ctranslate2

            pieces = inputs.split(PIECE)
            features = (
                ctranslate2.StorageView.from_array(np.ascontiguousarray(piece.numpy(force=True))) for piece in pieces
            )
            self._states = (
                inputs,
                [(self._network.encode(each), len(piece)) for each, piece in zip(features, pieces, strict=True)],
            )
        return self._states[1]
