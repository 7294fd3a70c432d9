rule make_text:
    input:
        spec("text"),
    output:
        text=f"{RESULTS}/text/{{id}}.tsv",
        receipt=f"{RESULTS}/text/{{id}}.receipt.json",
    log:
        f"{RESULTS}/logs/text/{{id}}.log",
    conda:
        "../envs/main.yaml"
    shell:
        "python {SCRIPTS}/make_text.py {input[0]} {threads} > {log} 2>&1"
