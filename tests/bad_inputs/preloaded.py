"""What the entry points import, for processes that are to begin with it: alone it takes longer than any bad input."""

import datasets.utils.logging  # noqa: F401
import pandas  # noqa: F401
import safetensors.torch  # noqa: F401
import snakemake.cli  # noqa: F401
import torch  # noqa: F401
import transformers.models.auto.modeling_auto  # noqa: F401
from transformers import Trainer, WhisperForConditionalGeneration, WhisperProcessor  # noqa: F401
