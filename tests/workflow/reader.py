"""A program that reads a text aloud, as a user may have one: a tone for each character, with 300 ms of silence before."""

import sys
from pathlib import Path

import numpy as np
import soundfile

text_file, wav, voice, seed = sys.argv[1:]
RATE, PITCH = 22_050, {"low": 150.0, "high": 300.0}[voice]
rng = np.random.default_rng(int(seed))
tones = [
    0.1 * np.sin(2 * np.pi * PITCH * (1 + ord(letter) % 7) * np.arange(RATE // 10) / RATE)
    for letter in Path(text_file).read_text(encoding="utf-8")
]
sound = np.concatenate([np.zeros(RATE * 3 // 10), *tones])
soundfile.write(wav, sound + 1e-5 * rng.standard_normal(len(sound)), RATE)
