# Task vectors: extracted, searched for their best weights and prunings, and merged.


rule extract_vector:
    """Subtract the base from a fine-tune."""
    input:
        spec=spec_of("vector"),
        receipts=receipts_of("vector", "base", "finetuned"),
    output:
        vector=f"{RESULTS}/vectors/{{id}}.safetensors",
        receipt=f"{RESULTS}/vectors/{{id}}.receipt.json",
    log:
        f"{RESULTS}/logs/vector/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/vector/{{id}}.tsv"
    conda:
        "../envs/main.yaml"
    shell:
        run_script("extract_vector.py")


rule search_candidates:
    """Try variants of merges (weights, prunings) on a split of some sets, and choose the best of each."""
    input:
        spec=spec_of("search"),
        receipts=receipts_of(
            "search", "base", "vectors", "references", "searches", "sets"
        ),
    output:
        record_of("search"),
    log:
        f"{RESULTS}/logs/search/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/search/{{id}}.tsv"
    conda:
        "../envs/main.yaml"
    threads: threads_of("search")
    resources:
        gpu=gpus_of("decoding"),
    shell:
        run_script("search_candidates.py", on_gpu=True)


rule merge_vectors:
    """Merge vectors into models that transformers loads."""
    input:
        spec=spec_of("merge"),
        receipts=receipts_of(
            "merge", "base", "finetuned", "vectors", "references", "searches"
        ),
    output:
        record_of("merge"),
    log:
        f"{RESULTS}/logs/merge/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/merge/{{id}}.tsv"
    conda:
        "../envs/main.yaml"
    shell:
        run_script("merge_vectors.py")


rule merge_one:
    """Merge one model of a batch, where its file is asked for."""
    input:
        **alone("merge", "base", "finetuned", "vectors", "references", "searches"),
    output:
        model=f"{RESULTS}/merged/{{id}}/model.safetensors",
        receipt=f"{RESULTS}/merged/{{id}}/receipt.json",
    log:
        f"{RESULTS}/logs/merge_one/{{id}}.log",
    conda:
        "../envs/main.yaml"
    shell:
        run_script("merge_vectors.py")
