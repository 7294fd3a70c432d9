# Hypotheses and scores of the models. Batches and the base's jobs have names such as raw/<set>.
BATCH = "[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)?"


rule convert_model:
    """Convert the models of a batch to CTranslate2's format."""
    input:
        spec=spec_of("conversion"),
        receipts=receipts_of("conversion", "model"),
    output:
        record_of("conversion"),
    log:
        f"{RESULTS}/logs/conversion/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/conversion/{{id}}.tsv"
    conda:
        "../envs/main.yaml"
    shell:
        run_script("convert_model.py")


rule decode:
    """Decode the test sets with the models of a batch."""
    input:
        spec=spec_of("decode"),
        receipts=receipts_of("decode", "model", "converted", "searches", "sets"),
        check=passed_check("decode"),
    output:
        record_of("decode"),
    log:
        f"{RESULTS}/logs/decode/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/decode/{{id}}.tsv"
    wildcard_constraints:
        id=BATCH,
    conda:
        "../envs/main.yaml"
    threads: threads_of("decode")
    resources:
        gpu=gpus_of("decoding"),
    shell:
        run_script("decode.py", on_gpu=True)


rule score:
    """Score hypotheses by every metric, with tests against the base and the fine-tune."""
    input:
        spec=spec_of("score"),
        receipts=receipts_of("score", "hypotheses", "raw", "ft"),
    output:
        record_of("score"),
    log:
        f"{RESULTS}/logs/score/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/score/{{id}}.tsv"
    wildcard_constraints:
        id=BATCH,
    conda:
        "../envs/main.yaml"
    shell:
        run_script("score.py")


rule score_one:
    """Score one model of a batch, where its file is asked for."""
    input:
        **alone("score", "hypotheses", "raw", "ft"),
    output:
        scores=f"{RESULTS}/scores/{{id}}.tsv",
        receipt=f"{RESULTS}/scores/{{id}}.receipt.json",
    log:
        f"{RESULTS}/logs/score_one/{{id}}.log",
    wildcard_constraints:
        id=BATCH,
    conda:
        "../envs/main.yaml"
    shell:
        run_script("score.py")
