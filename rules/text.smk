rule make_text:
    input:
        spec=spec("text"),
    output:
        text=f"{RESULTS}/text/{{id}}.tsv",
        receipt=f"{RESULTS}/text/{{id}}.receipt.json",
    log:
        f"{RESULTS}/logs/text/{{id}}.log",
    conda:
        "../envs/main.yaml"
    shell:
        "python $SCRIPTS/make_text.py {input.spec} {threads} > {log} 2>&1"
