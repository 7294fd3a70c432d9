# Sentences from templates, from people or from language models.


rule make_text:
    """Make the sentences of a set, checked; what is rejected is counted."""
    input:
        spec=spec_of("text"),
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
        llm=int(PLAN.text_source != "template"),
        gpu=gpus_of_text(),
    shell:
        run_script("make_text.py", on_gpu=True)


rule propose_words:
    """Ask a language model for candidates of rare words, as a table of words."""
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
        gpu=gpus_of_text(),
    shell:
        run_script("propose_words.py", on_gpu=True)


rule candidates:
    """Candidates of rare words (a target; see `propose_words`)."""
    input:
        all_receipts("candidates"),
