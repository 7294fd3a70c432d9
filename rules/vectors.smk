rule extract_vector:
    input:
        spec("vector"),
        inputs_of("vector"),
    output:
        vector=f"{RESULTS}/vectors/{{id}}.safetensors",
        receipt=f"{RESULTS}/vectors/{{id}}.receipt.json",
    log:
        f"{RESULTS}/logs/vector/{{id}}.log",
    conda:
        "../envs/main.yaml"
    shell:
        "python {SCRIPTS}/extract_vector.py {input[0]} {threads} > {log} 2>&1"
