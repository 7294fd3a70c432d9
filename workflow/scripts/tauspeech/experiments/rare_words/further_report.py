"""Descriptions of the tables of tests of words and of sets without speech, for the report."""

import pandas as pd

from tauspeech.reporting.content import Table
from tauspeech.reporting.signatures import signatures

WORD_TESTS = (
    "Recordings with lists of words, in percent: error rate of all words, of the listed ones (B-) and of the others (U-), where "
    "lower is better; recall, precision and F1 of the words of the lists, where higher is better. Biases have each utterance's list with its "
    "distractors in place of the run's words, and prompts as much of it as they hold: one prompt, whatever the number of words."
)
NO_SPEECH = (
    "Share in percent of utterances without speech in which a model writes one of the words (false alarms), or any text; and the "
    "words or characters that it writes a minute. Lower is better."
)
ROWS = (
    "The rows each are the mean over the models of single words; the others are models of so many words. "
    "Weight of each: {weight}."
)


def described_further(tables: dict[str, pd.DataFrame], weight: str, systems: tuple[str, ...]) -> list[Table]:
    """The tables that there are. In that of word tests nothing is marked as best: which end is good differs by row."""
    found, rows = [], ROWS.format(weight=weight)
    if (name := "word_tests") in tables:
        caption = f"{WORD_TESTS} {rows} {signatures(tables, name)}"
        found.append(Table(name, "Tests of words", caption, tables[name], None, systems))
    if (name := "no_speech") in tables:
        found.append(Table(name, "Silence and noise", f"{NO_SPEECH} {rows}", tables[name], "min", systems))
    return found
