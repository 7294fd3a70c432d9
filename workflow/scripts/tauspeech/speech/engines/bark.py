"""Bark with transformers: many languages, laughter and music, with a preset for each voice."""

from pathlib import Path
from typing import Any

import numpy as np

from tauspeech.data.dropped_utterances import Unusable
from tauspeech.data.json_files import read_json
from tauspeech.remote.hub import is_hub_id
from tauspeech.runtime.errors import UserError
from tauspeech.speech.engine import Engine, Sound
from tauspeech.speech.engine_tools import key
from tauspeech.speech.pretrained import folder_of, load, seeded, tokenizer, version_text

_PRESETS = "speaker_embeddings_path.json"
NO_PRESET = "none"  # the speaker of a voice that is drawn with the sounds
_PARTS = {"semantic_prompt": 1, "coarse_prompt": 2, "fine_prompt": 2}  # arrays of a preset: number of dimensions


def open_engine(model: dict[str, Any], language: str) -> Engine:
    from transformers import AutoTokenizer, BarkModel

    folder = folder_of(model, "model", "bark")
    words = tokenizer(AutoTokenizer, folder, model, "tokenizer.json", "vocab.txt")
    network = load(BarkModel, folder, model)
    if not (folder / "generation_config.json").is_file():
        raise UserError(
            f"{key(model, 'model')}: {model['model']} has no generation_config.json, which contains Bark's sampling "
            "settings: copy it from the published model."
        )
    return _Bark(model, folder, network, words, language)


def _presets_of(language: str, presets: list[str]) -> list[str]:
    """Presets whose names start with the language, as published (v2/zh_speaker_3), or all if there are none."""
    own = [name for name in presets if name.rpartition("/")[2].startswith(f"{language}_")]
    return own or presets


class _Bark:
    def __init__(self, model: dict[str, Any], folder: Path, network: Any, words: Any, language: str):
        self._model, self._folder, self._network, self._words = model, folder, network, words
        self._presets = read_json(folder / _PRESETS) if (folder / _PRESETS).is_file() else {}
        self._presets.pop("repo_or_path", None)
        self._opened: dict[str, dict[str, Any]] = {}
        self.usual_speakers = _presets_of(language, list(self._presets))
        self.speakers = [*self._presets, NO_PRESET] if self._presets else []
        self.version = version_text("bark", model["model"])

    def synthesise(self, text: str, speaker: str | None, seed: int) -> Sound:
        settings = self._network.generation_config
        tokens = self._words(
            text,
            padding="max_length",
            truncation=True,
            max_length=settings.semantic_config.get("max_input_semantic_length", 256),
            add_special_tokens=False,
            return_token_type_ids=False,
            return_tensors="pt",
        ).to(self._network.device)
        preset = None if speaker in (None, NO_PRESET) else self._preset(speaker)
        limit = {"semantic_max_new_tokens": self._model["new_tokens"]} if self._model.get("new_tokens") else {}
        try:
            with seeded(seed):
                waveform = self._network.generate(**tokens, history_prompt=preset, do_sample=True, **limit)
        except RuntimeError as error:
            # Sampling may yield the end token first: no audio, for which the codec's first filter is too long.
            if "Kernel size" not in str(error):
                raise
            raise Unusable("silence") from None
        return Sound(waveform.float().cpu().numpy().reshape(-1), settings.sample_rate)

    def _preset(self, speaker: str) -> dict[str, Any]:
        if speaker not in self._opened:
            if speaker not in self._presets:
                raise UserError(
                    f"{key(self._model, 'model')}: {self._model['model']} has no {_PRESETS} with a voice '{speaker}': "
                    "leave the speaker out, or copy the file and its folder from the published model."
                )
            self._opened[speaker] = {part: self._array(speaker, part) for part in _PARTS}
        return self._opened[speaker]

    def _array(self, speaker: str, part: str) -> Any:
        import torch

        try:
            array = np.load(self._file(self._presets[speaker][part]), allow_pickle=False)
            if array.ndim != _PARTS[part]:
                raise ValueError(f"{array.ndim} dimensions instead of {_PARTS[part]}")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{key(self._model, 'model')}: the {part} of the voice '{speaker}' of {self._model['model']} cannot be read "
                f"({str(error).splitlines()[0]}): {self._advice()}."
            ) from None
        return torch.from_numpy(array).to(self._network.device)

    def _advice(self) -> str:
        if not self._on_hub():
            return "copy it from the published model"
        repository = self._model["model"].partition("@")[0]
        return f"run `hf download {repository} --include 'speaker_embeddings*'` and copy the cache if this is another machine"

    def _on_hub(self) -> bool:
        return is_hub_id(self._model["model"]) and not Path(self._model["model"]).expanduser().exists()

    def _file(self, name: str) -> Path:
        """Path of a file of the model. Hundreds of files of presets exist, so each is downloaded when it is used."""
        path = self._folder / name
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise ValueError(f"{name} is outside of the model")
        if path.is_file() or not self._on_hub():
            return path
        from huggingface_hub import hf_hub_download

        repository, _, revision = self._model["model"].partition("@")
        return Path(hf_hub_download(repository, name, revision=revision or None))
