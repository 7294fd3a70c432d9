"""The part of a model that was trained, as a report names it."""

from tauspeech.reporting.trained_part import trained_part


def test_full_fine_tuning_is_not_mentioned():
    assert trained_part({"epochs": 5}) == ""


def test_lora_has_its_rank_alpha_and_layers():
    section = {"trainable": "lora", "lora": {"rank": 8, "alpha": 16, "targets": "attention"}}
    assert trained_part(section) == "LoRA of rank 8 and alpha 16 on attention, "
    section["lora"]["new_tokens"] = True
    assert "on attention and the embeddings of new tokens, " in trained_part(section)
    section["lora"] = {"rank": 8, "alpha": 16, "targets": ["q_proj", "fc1"]}
    assert "on q_proj, fc1, " in trained_part(section)


def test_a_training_of_the_decoder_has_no_adapter():
    assert trained_part({"trainable": "decoder", "epochs": 5}) == "the decoder alone, "
