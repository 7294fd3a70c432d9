# Models: the base, and its fine-tunes.


rule prepare_base:
    """Import the base model in float32, or train a foundation from scratch."""
    input:
        spec=f"{RESULTS}/plan/base/base.json",
        receipts=receipts_of("base", "speech", name="base"),
    output:
        config=f"{RESULTS}/models/base/config.json",
        receipt=f"{RESULTS}/models/base/receipt.json",
    log:
        f"{RESULTS}/logs/base.log",
    benchmark:
        f"{RESULTS}/benchmarks/base/base.tsv"
    conda:
        "../envs/main.yaml"
    threads: threads_of("base", name="base")
    resources:
        gpu=gpus_of("training"),
    shell:
        run_script("prepare_base.py", on_gpu=True)


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
        id="(?!base/)[a-z0-9][a-z0-9_-]*",
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
