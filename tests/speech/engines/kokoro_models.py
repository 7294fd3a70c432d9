"""Output of the engine kokoro for a small ONNX model and some texts: ``kokoro_models.py FOLDER``, in the engine's environment.

The model has the published one's inputs: it multiplies the tokens by the speed and adds the mean of the style.
"""

import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "workflow" / "scripts"))

from tauspeech.runtime.errors import UserError
from tauspeech.speech.engines.kokoro import LONGEST, STYLE, open_engine
from tauspeech.speech.kokoro_phonemes import phonemiser

FLOAT, INT64 = 1, 7  # of ONNX


def number(field: int, value: int) -> bytes:
    """A field of ONNX's protocol buffers with a number below 128."""
    return bytes([field << 3, value]) if field < 16 else bytes([field << 3 & 0x7F | 0x80, field >> 4, value])


def block(field: int, *parts: bytes | str) -> bytes:
    """A field with a text or with other fields."""
    content = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
    size = len(content)
    return bytes([field << 3 | 2, *([size] if size < 128 else [size & 0x7F | 0x80, size >> 7])]) + content


def node(operation: str, inputs: list[str], output: str, *attributes: bytes) -> bytes:
    return block(1, *(block(1, name) for name in inputs), block(2, output), block(4, operation), *attributes)


def value(field: int, name: str, kind: int, *dimensions: int | str) -> bytes:
    shape = [block(1, number(1, d) if isinstance(d, int) else block(2, d)) for d in dimensions]
    return block(field, block(1, name), block(2, block(1, number(1, kind), block(2, *shape))))


def network() -> bytes:
    to_float = block(5, block(1, "to"), number(3, FLOAT), bytes([0xA0, 0x01, 2]))  # type: a number
    graph = block(
        7,
        node("Cast", ["input_ids"], "numbers", to_float),
        node("Mul", ["numbers", "speed"], "scaled"),
        node("ReduceMean", ["style"], "mean"),
        node("Add", ["scaled", "mean"], "waveform"),
        block(2, "small"),
        value(11, "input_ids", INT64, 1, "count"),
        value(11, "style", FLOAT, 1, "size"),
        value(11, "speed", FLOAT, 1),
        value(12, "waveform", FLOAT, 1, "count"),
    )
    return number(1, 8) + graph + block(8, number(2, 17))


def main(folder: Path) -> None:
    (folder / "onnx").mkdir()
    (folder / "voices").mkdir()
    (folder / "onnx" / "small.onnx").write_bytes(network())
    symbols = {symbol: place for place, symbol in enumerate("ˈhəlOni↓xau. ", 1)}
    (folder / "tokenizer.json").write_text(json.dumps({"model": {"vocab": symbols}}), encoding="utf-8")
    for name in ("af_one", "zf_two"):
        np.full(LONGEST * STYLE, 0.5, "<f4").tofile(folder / "voices" / f"{name}.bin")
    model = {"engine": "kokoro", "name": "small", "model": str(folder), "file": "onnx/small.onnx", "speed": [2, 2]}
    english, mandarin = open_engine(model, "en"), open_engine(model, "zh")
    found = {
        "version": english.version,
        "symbols": symbols,
        "en": english.synthesise("Hello.", "af_one", 1).samples.tolist(),
        "zh": mandarin.synthesise("你好。", "zf_two", 1).samples.tolist(),
        "phonemes": [phonemiser("z", "key")(text) for text in ("你好，柏林墙。", "新天鹅堡有3座塔！")],
    }
    try:
        phonemiser("j", "speech.models.kokoro.small")
    except UserError as error:
        found["ja"] = str(error)
    (folder / "found.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
