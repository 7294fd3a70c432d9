"""Makes a speech LLM of a language model of text: tokens for units, languages and roles, and embeddings for them."""

from collections.abc import Sequence
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from tauspeech.models.dialogue.tokens import added_tokens, unit_token
from tauspeech.models.loading import unreadable_as_user_error
from tauspeech.models.units.extractor import UnitExtractor
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import canonical_json, sha256_file, write_text
from tauspeech.runtime.receipts import versions

RECEIPT = "expansion_receipt.json"
SPREAD = 0.02  # standard deviation of new embeddings around the mean of the old ones, relative to that of the old ones


def expand(origin: Path, extractor: UnitExtractor, languages: Sequence[str], folder: Path, seed: int) -> None:
    """Write the model of ``origin`` with a token for each unit; what it writes of text alone stays the same.

    A model that has tokens for all units already, such as SpeechGPT, gets those that it lacks, and the files of the units.
    """
    with unreadable_as_user_error("language model", origin, "give a folder or hub id with safetensors"):
        tokenizer = AutoTokenizer.from_pretrained(origin)
        network = AutoModelForCausalLM.from_pretrained(origin, dtype=torch.float32, use_safetensors=True)
    vocabulary = tokenizer.get_vocab()
    known = sum(unit_token(unit) in vocabulary for unit in range(extractor.count))
    if known not in (0, extractor.count) or unit_token(extractor.count) in vocabulary:
        raise UserError(
            f"{origin} has tokens for another number of units than {extractor.count}: give a model of text, or the centres that its "
            "units were made with."
        )
    add_tokens(network, tokenizer, extractor.count, languages, seed)
    network.save_pretrained(folder, max_shard_size="100GB")
    tokenizer.save_pretrained(folder)
    extractor.save(folder)
    _write_receipt(folder, origin, extractor, languages, seed)


def _write_receipt(folder: Path, origin: Path, extractor: UnitExtractor, languages: Sequence[str], seed: int) -> None:
    """Record what a model was made of, and the hashes of its files."""
    made_of = [origin / "config.json", *sorted(origin.glob("*.safetensors"))]
    content = {
        "origin": {file.name: sha256_file(file) for file in made_of},
        "units": {"encoder": extractor.encoder, "layer": extractor.layer, "units": extractor.count},
        "languages": sorted(languages),
        "seed": seed,
        "files": {file.name: sha256_file(file) for file in sorted(folder.iterdir())},
        "versions": versions(),
    }
    write_text(folder / RECEIPT, canonical_json(content))


def add_tokens(
    network: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, units: int, languages: Sequence[str], seed: int
) -> None:
    """Add the tokens, and embeddings near the mean of those that there are; the seed is that of the differences."""
    known = len(tokenizer)
    tokenizer.add_tokens(added_tokens(units, list(languages)), special_tokens=True)
    network.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    generator = torch.Generator().manual_seed(seed)
    layers = [network.get_input_embeddings()]
    if not network.config.tie_word_embeddings:
        layers.append(network.get_output_embeddings())
    with torch.no_grad():
        for layer in layers:
            old = layer.weight[:known]
            noise = torch.randn(len(tokenizer) - known, old.shape[1], generator=generator)
            layer.weight[known : len(tokenizer)] = old.mean(0) + SPREAD * old.std(0) * noise
