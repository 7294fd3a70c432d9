rule make_corpus:
    input:
        spec=spec("corpus"),
    output:
        speech=f"{RESULTS}/corpora/{{id}}.parquet",
        receipt=f"{RESULTS}/corpora/{{id}}.receipt.json",
    log:
        f"{RESULTS}/logs/corpus/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/corpus/{{id}}.tsv"
    conda:
        "../envs/main.yaml"
    shell:
        'python "$SCRIPTS/make_corpus.py" {input.spec} {threads} > {log} 2>&1'
