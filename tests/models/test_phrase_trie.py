"""The trie of phrases against brute force."""

from hypothesis import example, given
from hypothesis import strategies as st

from tauspeech.models.phrase_trie import BEGINNING, PhraseTrie, Spellings

CONTROL, END = 8, 9  # a control token, and a token that ends a sentence
TOKENS = st.integers(0, 3)  # few, so that phrases overlap
PHRASES = st.lists(st.lists(TOKENS, min_size=1, max_size=4), max_size=5)
TEXT = st.lists(TOKENS | st.sampled_from([CONTROL, END]), max_size=12)


def brute_force(spellings, text):
    """Tokens behind each beginning of a phrase that the text ends with, and the first tokens of all phrases, with their shares."""
    found = {}
    for start in range(len(text) + 1):
        written = text[start:]
        before = text[start - 1] if start else CONTROL
        phrases = spellings.text if before == CONTROL else spellings.sentence if before == END else spellings.inside
        for phrase in phrases:
            if len(phrase) > len(written) and phrase[: len(written)] == written:
                share = 1 if written or len(phrase) == 1 else BEGINNING
                found[phrase[len(written)]] = max(share, found.get(phrase[len(written)], 0))
    return found


@given(PHRASES, PHRASES, PHRASES, TEXT)
@example([[0, 1, 0, 2]], [], [[0, 1, 0, 2]], [0, 1, 0, 1, 0])  # the second beginning is inside of the first
@example([], [], [], [0])
def test_following_tokens_are_those_of_brute_force(text_phrases, sentence_phrases, inside_phrases, text):
    spellings = Spellings(text_phrases, sentence_phrases, inside_phrases)
    trie = PhraseTrie(spellings, frozenset({CONTROL}), frozenset({END}))
    assert trie.following(trie.state(text)) == brute_force(spellings, text)


@given(PHRASES, TEXT, TEXT)
def test_only_the_end_of_a_text_counts(phrases, before, text):
    """The state depends on the last tokens alone, as many as the longest phrase has, behind a token that is no control token."""
    trie = PhraseTrie(Spellings([], phrases, phrases), frozenset({CONTROL}), frozenset({END}))
    text = [0] * (trie.depth + 1) + text
    assert trie.state([*before, *text]) == trie.state(text)
