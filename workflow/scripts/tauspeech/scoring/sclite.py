"""Word error rate by NIST's sclite, which papers on speech recognition often report.

sclite aligns with a cost of 4 for a substitution and 3 for an insertion or a deletion, so it can count more errors than
jiwer, which counts the fewest possible.
"""

import re
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from tauspeech.runtime.errors import UserError
from tauspeech.scoring.normalise import WER_NORMALISATION, for_wer, signature_of
from tauspeech.scoring.rules import DEFAULT_RULES, ScoringRules
from tauspeech.scoring.sclite_program import find_sclite
from tauspeech.scoring.tally import Tally, percentage

# Case-sensitive, since the texts are normalised before: sclite would fold ASCII letters only.
_OPTIONS = ("-i", "spu_id", "-e", "utf-8", "-s", "-o", "pra", "stdout")
_SCORES = re.compile(r"^id: \((\S+)\)\nScores: \(#C #S #D #I\) (\d+) (\d+) (\d+) (\d+)$", re.MULTILINE)
_VERSION = re.compile(r"sclite Version: ([^\s,]+), SCTK Version: (\S+)")


def sclite_wer(
    references: Sequence[str], hypotheses: Sequence[str], language: str, rules: ScoringRules = DEFAULT_RULES
) -> Tally:
    """Word error rate of a corpus, as ``metrics.wer`` with sclite's alignment."""
    command = find_sclite()
    if command is None:
        raise UserError(
            "sclite is not installed: on Debian run `apt install sctk`, elsewhere build NIST's SCTK and put sclite on "
            "the PATH."
        )
    truth, found = ([for_wer(text, language, rules) for text in texts] for texts in (references, hypotheses))
    ids = [f"utt_{index}" for index in range(len(truth))]
    with tempfile.TemporaryDirectory(prefix="tauspeech-sclite-") as name:
        folder = Path(name)
        _write_trn(folder / "ref.trn", ids, truth)
        _write_trn(folder / "hyp.trn", ids, found)
        counts = parse_scores(_alignments(command, folder))
    if counts.keys() != set(ids):
        raise UserError(f"sclite scored {len(counts)} of {len(ids)} utterances: check that `{' '.join(command)}` runs.")
    signature = f"{_program(command)}|{signature_of(language, rules, WER_NORMALISATION)}"
    return Tally("wer_sclite", signature, np.array([counts[id_] for id_ in ids]), percentage)


def parse_scores(alignments: str) -> dict[str, tuple[int, int]]:
    """Errors and reference length by utterance id, from sclite's output with ``-o pra``."""
    found = ((id_, map(int, numbers)) for id_, *numbers in _SCORES.findall(alignments))
    return {id_: (s + d + i, c + s + d) for id_, (c, s, d, i) in found}


def _write_trn(path: Path, ids: Iterable[str], texts: Iterable[str]) -> None:
    # ( ) { } / @ * and ;; are syntax in this format; no normaliser leaves any of them.
    path.write_text("".join(f"{text} ({id_})\n" for id_, text in zip(ids, texts, strict=True)), encoding="utf-8")


def _alignments(command: list[str], folder: Path) -> str:
    done = _run([*command, "-r", "ref.trn", "trn", "-h", "hyp.trn", "trn", *_OPTIONS], folder)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or f"exit status {done.returncode}").splitlines()[-1]
        raise UserError(f"sclite failed ({last}): check that `{' '.join(command)}` runs.")
    return done.stdout


def _program(command: list[str]) -> str:
    """Name and versions of the program for the signature, from the usage that it prints without arguments."""
    done = _run(command)
    found = _VERSION.search(done.stdout + done.stderr)
    return f"sclite:{found[1]}|sctk:{found[2]}" if found else "sclite"


def _run(command: list[str], folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace"
    )
