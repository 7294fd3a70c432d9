"""Rarity of a word for a base model: its recall in carrier sentences, and whether the speech around it is recognised.

The same sentences with a common word in place of the rare one, in the same voices, are the control. The round trip
compares transcripts of the carrier sentences with these, without the word.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tauspeech.models.decoding import Decoder
from tauspeech.models.round_trip import TOO_LONG, compare
from tauspeech.models.tasks import SpeechTask
from tauspeech.runtime.errors import UserError
from tauspeech.scoring.decoded_sentences import DecodedSentence, DecodedSentences
from tauspeech.scoring.normalise import chinese_form
from tauspeech.scoring.rare_words import word_counts
from tauspeech.scoring.rules import ScoringRules
from tauspeech.speech.utterances import voice_id
from tauspeech.text.checks import contains, replaced_part

Row = dict[str, Any]


@dataclass(frozen=True)
class CarrierSentences:
    """Carrier sentences of a word with their speech, and the control of each; own carriers have no controls."""

    carriers: Sequence[Row]
    controls: Sequence[Row]

    @classmethod
    def of_set(cls, rows: Sequence[Row]) -> "CarrierSentences":
        """Rows of a set in pairs, without those of which an engine lacks one."""
        carriers, controls = (
            {voice_id(row["utterance"]): row for row in rows if row["split"] == split}
            for split in ("carrier", "control")
        )
        both = [id for id in carriers if id in controls or not controls]
        if not both:
            raise UserError(
                "no carrier sentence was synthesised together with its control: the set's dropped.tsv says why."
            )
        return cls([carriers[id] for id in both], [controls[id] for id in both if controls])


@dataclass(frozen=True)
class WordCheck:
    """Hypotheses of a base model for a word's carrier sentences, and the shares that were counted in its output."""

    hypotheses: Sequence[str]
    recall: float
    shares: dict[
        str, float
    ]  # by measure: control, where there is one, and round_trip, where the check is not turned off
    examples: dict[str, list[DecodedSentence]]  # some for each measure, for a reader


class WordChecker:
    """Check of a word by a decoder, for a task, with the word's forms by language."""

    def __init__(self, decoder: Decoder, task: SpeechTask, forms: dict[str, list[str]], rules: ScoringRules):
        self._decoder, self._task, self._forms, self._rules = decoder, task, forms, rules
        self._language = task.text_language

    def check(self, word_id: str, sentences: CarrierSentences, errors: float | None) -> WordCheck:
        """``errors``: share of character errors above which a transcript does not pass; None: transcribe nothing."""
        source, carriers = self._task.source, sentences.carriers
        tasks = [self._task]
        if errors is not None and self._task.kind != "transcribe":
            tasks.append(SpeechTask("transcribe", source, source))
        decoded = self._decode(carriers, tasks)
        checks = {}
        if sentences.controls:
            checks["control"] = self._control(sentences)
        if errors is not None:
            texts = [row[source] for row in carriers]
            checks["round_trip"] = compare(texts, decoded[-1], self._forms[source], source, errors, self._rules)
        shares = {name: found.share for name, found in checks.items()}
        examples = {name: found.shown for name, found in checks.items()}
        return WordCheck(decoded[0], self._recall(word_id, carriers, decoded[0]), shares, examples)

    def _decode(self, rows: Sequence[Row], tasks: Sequence[SpeechTask]) -> list[list[str]]:
        """Hypotheses for some tasks; of an utterance that does not fit the input window a remark, which matches nothing."""
        fits = [self._decoder.fits_window(row) for row in rows]
        found = self._decoder.decode_tasks([row for row, fitting in zip(rows, fits, strict=True) if fitting], tasks)
        of_task = map(iter, found)
        return [[next(texts) if fitting else f"({TOO_LONG})" for fitting in fits] for texts in of_task]

    def _recall(self, word_id: str, carriers: Sequence[Row], hypotheses: Sequence[str]) -> float:
        references = [row[self._language] for row in carriers]
        forms = tuple(self._forms[self._language])
        return word_counts(word_id, forms, self._language, references, hypotheses, self._rules).recall().value() / 100

    def _control(self, sentences: CarrierSentences) -> DecodedSentences:
        """Hypotheses of the control sentences; with the common word, in either script of Chinese, they pass."""

        def written(text: str) -> str:
            return chinese_form(text, self._language, replace(self._rules, script="simplified"))

        hypotheses, passed = self._decode(sentences.controls, [self._task])[0], []
        for carrier, control, text in zip(sentences.carriers, sentences.controls, hypotheses, strict=True):
            common = replaced_part(control[self._language], carrier[self._language], self._language)
            passed.append(contains(written(text), (written(common),), self._language))
        texts = [row[self._task.source] for row in sentences.controls]
        return DecodedSentences.of(texts, hypotheses, passed)
