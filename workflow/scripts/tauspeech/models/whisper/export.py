"""A Whisper folder in the formats of faster-whisper and of whisper.cpp."""

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
    # The script has f32 too, but makes it from numbers rounded to f16, and whisper.cpp aborts on it without a GPU.
    "whisper.cpp": ("f16",),
}
WHISPER = (30, 160, 400, 1500)  # seconds, samples from frame to frame and in one, positions
SMALLEST_VOCABULARY = 51_864  # of OpenAI's models; both programs tell token ids by it


def export(folder: Path, target: str, out: Path, quantization: str | None, whisper_cpp: Path | None) -> None:
    """Write ``out``, which must not exist or be empty; a failure leaves nothing there."""
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise UserError(f"{out} is there already and not an empty folder: remove it, or give another --output.")
    chosen = quantization or QUANTIZATIONS[target][0]
    if chosen not in QUANTIZATIONS[target]:
        hint = ", and make smaller ones with its own whisper-quantize" if target == "whisper.cpp" else ""
        known = ", ".join(QUANTIZATIONS[target])
        raise UserError(f"{target} is not written with --quantization '{chosen}': give one of {known}{hint}.")
    convert = ctranslate2(chosen) if target == "faster-whisper" else ggml(whisper_cpp)
    try:
        with TemporaryDirectory(prefix="tauspeech-") as name:
            whole = Path(name)
            complete(folder, whole, plain=target == "whisper.cpp")
            write_folder(out, lambda part: convert(whole, part))
    except OSError as error:
        raise UserError(f"{out} could not be written ({error}): give another --output, or make room.") from None


def misfit(folder: Path) -> str | None:
    """Why the programs, which are made for OpenAI's models, will not run this one; mostly nothing."""
    extractor, config = open_processor(folder).feature_extractor, WhisperConfig.from_pretrained(folder)
    if (extractor.chunk_length, extractor.hop_length, extractor.n_fft, config.max_source_positions) != WHISPER:
        return (
            f"the model hears {extractor.chunk_length} s in {extractor.nb_max_frames} frames, and faster-whisper and "
            "whisper.cpp always give 30 s in 3000: it will be converted, but will not run there"
        )
    if config.vocab_size < SMALLEST_VOCABULARY:
        return (
            f"the model has {config.vocab_size} tokens of its own, and faster-whisper and whisper.cpp know Whisper's "
            f"{SMALLEST_VOCABULARY} or more: it will be converted, but will not write sense there"
        )
    return None
