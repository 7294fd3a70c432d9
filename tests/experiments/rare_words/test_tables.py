"""Tables of the experiment rare_words: its words, their rarity, and where they occur in other sets."""

import pandas as pd

from tauspeech.experiments.rare_words.tables import overlap_table, rarity_table, sets_table


def test_table_1_counts_the_utterances_of_each_split():
    words = [{"word_id": "a", "word": "A", "domain": "location"}]
    (row,) = sets_table(words, {"a": ["train", "train", "test"]}).to_dict("records")
    assert row == words[0] | {"train": 2, "validation": 0, "test": 1}


def test_words_in_sets_of_others_are_counted():
    words = {"goethe": {"zh": ["歌德"], "en": ["Goethe"]}}
    texts = {
        "goethe": pd.DataFrame({"zh": ["歌德"], "en": ["Goethe"]}),
        "general": pd.DataFrame({"zh": ["歌德很有名", "你好"], "en": ["He is famous.", "Hello."]}),
        "other": pd.DataFrame({"zh": ["你好"], "en": ["Hello."]}),
    }
    assert overlap_table(words, texts).to_dict("records") == [{"word_id": "goethe", "set": "general", "sentences": 1}]


def test_rarity_has_shares_in_percent_and_the_verdict():
    check = {"carriers": 20, "recall": 0.05, "control": None, "round_trip": 0.9, "verdict": "rare", "hypotheses": ["x"]}
    (row,) = rarity_table([{"word_id": "a", "word": "A"}], {"a": check}).to_dict("records")
    assert (row["recall"], row["control"], row["round_trip"]) == (5.0, None, 90.0)
    assert (row["verdict"], row["hypothesis"]) == ("rare", "x")
