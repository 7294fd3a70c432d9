import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tauspeech.runtime.errors import UserError
from tauspeech.scoring import sclite, sclite_program
from tauspeech.scoring.metrics import wer
from tauspeech.scoring.normalise import WER_NORMALISATION
from tauspeech.scoring.rules import ScoringRules
from tauspeech.scoring.sclite import parse_scores, sclite_wer
from tauspeech.scoring.sclite_program import find_sclite

with_sclite = pytest.mark.skipif(find_sclite() is None, reason="sclite is not installed; on Debian: apt install sctk")

RECORDED = """

		DUMP OF SYSTEM ALIGNMENT STRUCTURE

System name:   hyp.trn

Speakers: 
    0:  utt

Speaker sentences   0:  utt   #utts: 4
id: (utt_0)
Scores: (#C #S #D #I) 2 1 0 1
Attributes: Case_sensitve 
REF:  the cat *** sat 
HYP:  the cat sit on  
Eval:         I   S   

id: (utt_2)
Scores: (#C #S #D #I) 0 0 0 0
Attributes: Case_sensitve 

id: (utt_1)
Scores: (#C #S #D #I) 0 1 1 0
REF:  привет мир       
HYP:  ************ привет 
Eval: D            S            

id: (utt_10)
Scores: (#C #S #D #I) 0 0 0 12
Attributes: Case_sensitve 
"""  # noqa: W291

SENTENCES = st.lists(st.sampled_from(["the", "cat", "it's", "über", "мир", "北京"]), max_size=8).map(" ".join)
PAIRS = st.lists(st.tuples(SENTENCES, SENTENCES), min_size=1, max_size=10)


def test_scores_are_read_by_id_in_any_order():
    assert parse_scores(RECORDED) == {"utt_0": (2, 3), "utt_1": (2, 2), "utt_2": (0, 0), "utt_10": (12, 0)}
    assert parse_scores("sclite: Error, Arguments required") == {}


def test_the_program_is_found_under_both_names(monkeypatch):
    installed = {"sctk", "sclite"}
    monkeypatch.setattr(sclite_program.shutil, "which", lambda name: name if name in installed else None)
    assert find_sclite() == ["sctk", "sclite"]
    installed.remove("sctk")
    assert find_sclite() == ["sclite"]
    installed.clear()
    assert find_sclite() is None
    with pytest.raises(UserError, match="apt install sctk"):
        sclite_wer(["one"], ["one"], "en")


def test_a_program_that_is_not_sclite_is_reported(monkeypatch):
    monkeypatch.setattr(sclite, "find_sclite", lambda: ["false"])
    with pytest.raises(UserError, match=r"sclite failed .*exit status 1"):
        sclite_wer(["one"], ["one"], "en")
    monkeypatch.setattr(sclite, "find_sclite", lambda: ["true"])
    with pytest.raises(UserError, match="scored 0 of 1 utterances"):
        sclite_wer(["one"], ["one"], "en")


@with_sclite
def test_counted_by_hand_as_jiwer_does():
    # A substitution in 4 words, 2 insertions in 1 word, a deletion in 2 words.
    references = ["It's a big house", "Yes", "guten Morgen"]
    hypotheses = ["it’s a pig house.", "yes, I do", "Guten!"]
    tally = sclite_wer(references, hypotheses, "en")
    assert tally.counts.tolist() == [[1, 4], [2, 1], [1, 2]]
    assert tally.counts.tolist() == wer(references, hypotheses, "en").counts.tolist()
    assert tally.value() == pytest.approx(100 * 4 / 7)
    assert tally.interval(seed=0) == wer(references, hypotheses, "en").interval(seed=0)


@with_sclite
def test_the_signature_names_program_and_normalisation():
    signature = sclite_wer(["one"], ["one"], "en").signature
    assert signature.startswith("sclite:2")
    assert signature.endswith(f"|norm:{WER_NORMALISATION}")


@with_sclite
@pytest.mark.parametrize(
    ("reference", "hypothesis", "counts"),
    [
        ("Über den Äpfeln", "über den äpfeln", [0, 3]),
        ("schon gut", "schön gut", [1, 2]),
        ("Привет, МИР!", "привет мир", [0, 2]),
        ("Привет, мир", "привет", [1, 2]),
        ("It's five o'clock", "it’s five o’clock", [0, 3]),
        ("it's", "its", [1, 1]),
        ("{ a / b / @ }", "a b", [0, 2]),
        ("(utt_7) ;; *stars* (x)", "utt 7 stars x", [0, 4]),
        ("two words", "", [2, 2]),
        ("", "one", [1, 0]),
        ("", "", [0, 0]),
    ],
)
def test_letters_signs_and_empty_texts(reference, hypothesis, counts):
    assert sclite_wer([reference, "last"], [hypothesis, "last"], "en").counts.tolist() == [counts, [0, 1]]


@with_sclite
def test_texts_of_whispers_normaliser():
    """It keeps signs beside numbers, none of which is syntax of sclite's files."""
    references = ["He paid $25.50 (once) minus five { x } / a@b *;; 50% £3 -", "It won't"]
    hypotheses = ["he paid $25.50 -5 x a b 50% £4", "it will not"]
    rules = ScoringRules("whisper")
    tally = sclite_wer(references, hypotheses, "en", rules)
    assert (
        tally.counts.tolist() == wer(references, hypotheses, "en", rules).counts.tolist() == [[2, 9], [0, 3]]
    )  # "-5" becomes 5
    assert "|norm:Whisper's English normaliser|" in tally.signature


@with_sclite
def test_rows_follow_the_utterances():
    references = ["wort " * (index % 7) for index in range(120)]
    assert sclite_wer(references, [""] * 120, "en").counts.tolist() == [[index % 7] * 2 for index in range(120)]


@with_sclite
def test_its_alignment_is_not_always_the_shortest():
    # Five substitutions cost 20, three insertions and three deletions around two hits 18.
    references, hypotheses = ["a b c d e"], ["d e x y z"]
    assert wer(references, hypotheses, "en").counts.tolist() == [[5, 5]]
    assert sclite_wer(references, hypotheses, "en").counts.tolist() == [[6, 5]]


@with_sclite
@settings(max_examples=15)
@given(PAIRS)
def test_never_below_the_edit_distance(pairs):
    references, hypotheses = map(list, zip(*pairs, strict=True))
    ours, theirs = sclite_wer(references, hypotheses, "en").counts, wer(references, hypotheses, "en").counts
    assert np.all(ours[:, 0] >= theirs[:, 0])
    assert np.array_equal(ours[:, 1], theirs[:, 1])
    for count in (sclite_wer, wer):
        assert count(references, references, "en").counts[:, 0].sum() == 0
