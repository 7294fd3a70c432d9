"""Export of Whisper models in the formats of faster-whisper and whisper.cpp."""

from pathlib import Path
from tempfile import TemporaryDirectory

from transformers import WhisperConfig

from tauspeech.models.whisper.converter_folder import complete, open_processor
from tauspeech.models.whisper.converters import ctranslate2, ggml
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import write_folder

QUANTIZATIONS = {  # the first is the default
    "faster-whisper": (
        "float16",
        "int8",
        "int8_float16",
        "int8_float32",
        "int8_bfloat16",
        "int16",
        "bfloat16",
        "float32",
    ),
    # The script offers f32, too, but makes it from numbers rounded to f16, and whisper.cpp aborts on it without a GPU.
    "whisper.cpp": ("f16",),
}
OPENAI_INPUT = (30, 160, 400, 1500)  # seconds, hop and window length of a frame in samples, positions
SMALLEST_VOCABULARY = 51_864  # of OpenAI's models; both programs derive token ids from it


def export_model(folder: Path, target: str, out: Path, quantization: str | None, whisper_cpp: Path | None) -> None:
    """See ``models.export.export_model``."""
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise UserError(f"{out} already exists and is not an empty folder: remove it, or give another --output.")
    chosen = quantization or QUANTIZATIONS[target][0]
    if chosen not in QUANTIZATIONS[target]:
        hint = ", and make smaller ones with its own whisper-quantize" if target == "whisper.cpp" else ""
        known = ", ".join(QUANTIZATIONS[target])
        raise UserError(f"{target} does not have --quantization '{chosen}': give one of {known}{hint}.")
    convert = ctranslate2(chosen) if target == "faster-whisper" else ggml(whisper_cpp)
    try:
        with TemporaryDirectory(prefix="tauspeech-") as name:
            copy = Path(name)
            complete(folder, copy, without_bfloat16=target == "whisper.cpp")
            write_folder(out, lambda part: convert(copy, part))
    except OSError as error:
        raise UserError(f"{out} could not be written ({error}): give another --output, or free space.") from None


def incompatibility(folder: Path) -> str | None:
    """See ``models.export.incompatibility``: the programs support models with OpenAI's input window and vocabulary only."""
    extractor, config = open_processor(folder).feature_extractor, WhisperConfig.from_pretrained(folder)
    if (extractor.chunk_length, extractor.hop_length, extractor.n_fft, config.max_source_positions) != OPENAI_INPUT:
        return (
            f"the model's input window is {extractor.chunk_length} s in {extractor.nb_max_frames} frames, and faster-whisper "
            "and whisper.cpp support 30 s in 3000 only: it will be converted, but will not run in them"
        )
    if config.vocab_size < SMALLEST_VOCABULARY:
        return (
            f"the model has a vocabulary of {config.vocab_size} tokens, and faster-whisper and whisper.cpp support those of "
            f"OpenAI's models only, {SMALLEST_VOCABULARY} or more: it will be converted, but its output will be wrong in them"
        )
    return None
