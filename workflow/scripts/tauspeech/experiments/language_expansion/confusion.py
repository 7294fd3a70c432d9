"""Language confusion: in which languages systems answer, by identification and by their own language tokens."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from tauspeech.runtime.files import read_json_lines
from tauspeech.runtime.job import Job
from tauspeech.scoring.metrics import bleu, headline
from tauspeech.scoring.rules import ScoringRules
from tauspeech.scoring.written_language import MOST_ERRORS, Identifier, identification_errors


def build(job: Job) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    settings, rules = job.settings, ScoringRules.of_job(job.settings)
    files = {f"{path.parent.name}/{path.name.removesuffix('.jsonl')}": path for path in job.files("hypotheses")}
    lines = [
        {
            "table": table,
            "system": system,
            "requested": requested,
            **confusion(files[name], requested, settings["languages"], rules),
        }
        for table, system, requested, name in settings["rows"]
    ]
    return pd.DataFrame(lines), None


def confusion(path: Path, requested: str, languages: list[str], rules: ScoringRules) -> dict[str, Any]:
    """Shares of answers in percent, by the language that they are written in, and what else goes wrong.

    The first of the languages is the one that is spoken. Shares are missing where identification errs on more than 2 % of the references.
    """
    answers = read_json_lines(path)
    identify = Identifier(languages)
    errors = round(identification_errors([each["reference"] for each in answers], requested, languages), 2)
    found = [identify(each["hypothesis"]) for each in answers]
    known = errors <= MOST_ERRORS
    shares = {language: _share(each == language for each in found) if known else None for language in languages}
    right = [each for each, language in zip(answers, found, strict=True) if language == requested]
    references, hypotheses = ([each[side] for each in right] for side in ("reference", "hypothesis"))
    return {
        "answers": len(answers),
        **{f"in {language}": share for language, share in shares.items()},
        "empty": _share(each is None for each in found),
        "incomplete": _share(not each.get("complete", True) for each in answers),
        "token of another": _share(each.get("written") not in (requested, None) for each in answers),
        "BLEU where right": round(bleu(references, hypotheses, requested, rules).value(), 2)
        if right and known
        else None,
        "WER of transcripts": _transcript_errors(answers, languages[0], rules),
        "errors of identification": errors,
    }


def _transcript_errors(answers: list[dict[str, Any]], source: str, rules: ScoringRules) -> float | None:
    """Error rate of the transcripts that come before translations of speech; none for translations of texts."""
    if answers[0]["task"] != "translate":
        return None
    spoken, transcripts = ([each[side] for each in answers] for side in ("spoken", "transcript"))
    return round(headline("transcribe", source, spoken, transcripts, rules).value(), 2)


def _share(hits: Iterable[bool]) -> float:
    counted = list(hits)
    return round(100 * sum(counted) / len(counted), 2)
