TEXT_SOURCE = config.get("text", {}).get("source", "template")


rule make_text:
    input:
        spec=spec("text"),
    output:
        text=f"{RESULTS}/text/{{id}}.tsv",
        receipt=f"{RESULTS}/text/{{id}}.receipt.json",
    log:
        f"{RESULTS}/logs/text/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/text/{{id}}.tsv"
    conda:
        "../envs/main.yaml"
    resources:
        llm=int(TEXT_SOURCE != "template"),
        gpu=gpus_of("decoding") if TEXT_SOURCE == "transformers" else 0,
    shell:
        'python "$SCRIPTS/on_gpus.py" {resources.gpu} python "$SCRIPTS/make_text.py" {input.spec} {threads} > {log} 2>&1'


rule propose_words:
    input:
        spec=f"{RESULTS}/plan/candidates/candidates.json",
    output:
        table=f"{RESULTS}/candidates.tsv",
        receipt=f"{RESULTS}/candidates.receipt.json",
    log:
        f"{RESULTS}/logs/candidates.log",
    benchmark:
        f"{RESULTS}/benchmarks/candidates/candidates.tsv"
    conda:
        "../envs/main.yaml"
    resources:
        llm=1,
        gpu=gpus_of("decoding") if TEXT_SOURCE == "transformers" else 0,
    shell:
        'python "$SCRIPTS/on_gpus.py" {resources.gpu} python "$SCRIPTS/propose_words.py" {input.spec} {threads} > {log} 2>&1'


rule candidates:
    input:
        receipts("candidates"),
