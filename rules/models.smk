# Models: the bases, and their fine-tunes.

BASE = "base(?:--[a-z0-9]+(?:[_-][a-z0-9]+)*)?"  # the base of a run, and further ones by their names, which have no "--"


rule prepare_base:
    """Import a base model in float32, or train a foundation from scratch."""
    input:
        spec=spec_of("base"),
        receipts=receipts_of("base", "speech", "extractor"),
    output:
        config=f"{RESULTS}/models/{{id}}/config.json",
        receipt=f"{RESULTS}/models/{{id}}/receipt.json",
    log:
        f"{RESULTS}/logs/base/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/base/{{id}}.tsv"
    wildcard_constraints:
        id=BASE,
    conda:
        "../envs/main.yaml"
    threads: threads_of("base")
    resources:
        gpu=gpus_of("training"),
    shell:
        run_script("prepare_base.py", on_gpu=True)


rule label_speech:
    """Replace the texts of a set by the base's own hypotheses, as pseudo-labels."""
    input:
        spec=spec_of("pseudo_labels"),
        receipts=receipts_of("pseudo_labels", "base", "speech"),
    output:
        speech=f"{RESULTS}/pseudo_labels/{{id}}.parquet",
        dropped=f"{RESULTS}/pseudo_labels/{{id}}.dropped.tsv",
        receipt=f"{RESULTS}/pseudo_labels/{{id}}.receipt.json",
    log:
        f"{RESULTS}/logs/pseudo_labels/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/pseudo_labels/{{id}}.tsv"
    conda:
        "../envs/main.yaml"
    threads: threads_of("pseudo_labels")
    resources:
        gpu=gpus_of("decoding"),
    shell:
        run_script("label_speech.py", on_gpu=True)


rule check_rarity:
    """Check by carrier sentences whether the base knows a word."""
    input:
        spec=spec_of("rarity"),
        receipts=receipts_of("rarity", "base", "speech"),
    output:
        check=f"{RESULTS}/rarity/{{id}}.json",
        receipt=f"{RESULTS}/rarity/{{id}}.receipt.json",
    log:
        f"{RESULTS}/logs/rarity/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/rarity/{{id}}.tsv"
    conda:
        "../envs/main.yaml"
    threads: threads_of("rarity")
    resources:
        gpu=gpus_of("decoding"),
    shell:
        run_script("check_rarity.py", on_gpu=True)


rule check_intelligibility:
    """Check before any training that the base recognises the speech of all words and sets."""
    input:
        spec=f"{RESULTS}/plan/intelligibility/intelligibility.json",
        receipts=receipts_of(
            "intelligibility",
            "base",
            "rarity",
            "speech",
            "sets",
            name="intelligibility",
        ),
    output:
        # Kept while they are made again and where that fails, so that what was trained before stays as it is.
        table=update(f"{RESULTS}/intelligibility.tsv"),
        receipt=update(f"{RESULTS}/intelligibility.receipt.json"),
    log:
        f"{RESULTS}/logs/intelligibility.log",
    benchmark:
        f"{RESULTS}/benchmarks/intelligibility/intelligibility.tsv"
    conda:
        "../envs/main.yaml"
    threads: threads_of("intelligibility", name="intelligibility")
    resources:
        gpu=gpus_where_input("intelligibility", "base", name="intelligibility"),
    shell:
        run_script("check_intelligibility.py", on_gpu=True)


rule finetune:
    """Fine-tune the base on the speech of one or several sets."""
    input:
        spec=spec_of("finetune"),
        receipts=receipts_of("finetune", "base", "sets", "searches"),
        check=passed_check("finetune"),
    output:
        model=f"{RESULTS}/models/{{id}}/model.safetensors",
        receipt=f"{RESULTS}/models/{{id}}/receipt.json",
    log:
        f"{RESULTS}/logs/finetune/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/finetune/{{id}}.tsv"
    wildcard_constraints:
        id=f"(?!{BASE}/)[a-z0-9][a-z0-9_-]*",
    priority: 1  # the longest jobs, which others wait for
    conda:
        "../envs/main.yaml"
    threads: threads_of("finetune")
    resources:
        gpu=gpus_of("training"),
    params:
        launcher=launcher("training"),
    shell:
        run_script("finetune.py", on_gpu=True, python="{params.launcher}")


rule rarity:
    """Rarity of all words (a target; see `check_rarity`)."""
    input:
        all_receipts("rarity"),
