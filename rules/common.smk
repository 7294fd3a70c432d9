# The plan: from the configuration to a specification file for every job, and the functions that rules use.

import gc
import os
import shlex
import sys

# The graph of thousands of jobs is millions of objects that live to the end; collecting garbage among them again and
# again takes a third of the time.
gc.freeze()
gc.set_threshold(200_000, 50, 1000)

# Rules find the scripts by this variable of the shell, so that their commands are the same wherever the project lies.
scripts = os.path.join(os.path.dirname(workflow.current_basedir), "workflow", "scripts")
os.environ.update(SCRIPTS=scripts)
sys.path.insert(0, scripts)

from tauspeech.plan.index import open_plan
from tauspeech.runtime.disk import trouble_of
from tauspeech.runtime.environments import OWN, folder_of
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.stages import (
    STAGES,
    batch_record_path,
    batch_spec_path,
    spec_path,
)

try:
    PLAN = open_plan(
        config,
        origin=(workflow.overwrite_configfiles or ["config/config.yaml"])[-1],
        # Only the main process writes specifications; a job of a running workflow reads those that were written for it.
        main=workflow.is_main_process,
    )
except UserError as error:
    sys.exit(f"Error: {error}")
except OSError as error:
    sys.exit(f"Error: the plan cannot be written: {trouble_of(error) or error}.")

RESULTS = PLAN.results
if not (os.access(RESULTS, os.W_OK) or workflow.output_settings.dryrun):
    sys.exit(
        f"Error: {RESULTS} cannot be written: check who owns it, and whether its disk is read-only."
    )


def limits(**changed):
    """Resource limits of this run as arguments of the command line, which replace those of the profile."""
    now = {name: workflow.global_resources.get(name) for name in ("llm", "lane", "gpu")}
    known = {name: limit.value for name, limit in now.items() if limit} | changed
    return " ".join(
        f"{name}={known[name]}" for name in known if known[name] is not None
    )


# Snakemake would silently give a job what is left of its GPUs. Only the main process knows how many there are.
for section in ("training", "decoding") if workflow.is_main_process else ():
    limit = workflow.global_resources.get("gpu")
    if limit and limit.value is not None and PLAN.gpus(section) > limit.value:
        sys.exit(
            f"Error: key '{section}.gpus' is {PLAN.gpus(section)} and this run may use {limit.value}: "
            f"give the number of GPUs, as in `--resources {limits(gpu=PLAN.gpus(section))}`, or in the profile."
        )

# Without conda, `python` in rules means the interpreter that runs Snakemake.
if not workflow.deployment_settings.deployment_method:
    shell.prefix(f"export PATH={shlex.quote(os.path.dirname(sys.executable))}:$PATH; ")


wildcard_constraints:
    id="[a-z0-9][a-z0-9_-]*",
    environment="[a-z]+",


# Inputs


def spec_of(stage):
    """Specification of a job, or the batch file of a batched stage."""
    path = batch_spec_path if STAGES[stage].batched else spec_path
    return f"{RESULTS}/{path(stage, '{id}')}"


def receipts_of(stage, *roles, name="{id}"):
    """Receipts of the jobs that a job takes as input, in the given roles of its specification."""
    return lambda wildcards: PLAN.inputs_of(stage, name.format(**wildcards), roles)


def alone(stage, *roles):
    """Inputs of one job of a batched stage, where its own file is asked for."""
    return {
        "spec": f"{RESULTS}/{spec_path(stage, '{id}')}",
        "receipts": lambda wildcards: PLAN.inputs_of_one(stage, wildcards.id, roles),
    }


def passed_check(stage):
    """The check before any training, for which only jobs wait that are still to be done.

    Of finished ones it stays an input, since Snakemake runs a job again whose inputs are others than before, but not as a
    job before them: with `ancient` alone, Snakemake would not look at what follows them while the check is pending.
    """
    checks = PLAN.receipts("intelligibility")

    def inputs(wildcards):
        if workflow.is_main_process and not PLAN.is_made(stage, wildcards.id):
            return checks
        there = not workflow.is_main_process or all(map(os.path.isfile, checks))
        finished = [ancient(check) for check in checks]
        return list(map(before_update, finished)) if there else finished

    return inputs


def all_receipts(stage):
    """Receipts of all jobs of a stage."""
    return PLAN.receipts(stage)


def wanted():
    """Everything that the configuration asks for."""
    return PLAN.wanted()


# Outputs


def record_of(stage):
    """File that a batch writes last."""
    return f"{RESULTS}/{batch_record_path(stage, '{id}')}"


# Commands


def run_script(script, on_gpu=False, python="python"):
    """Command of a rule: a script with its specification, on GPUs of its own where the rule takes any."""
    launcher = 'python "$SCRIPTS/on_gpus.py" {resources.gpu} ' if on_gpu else ""
    return f'{launcher}{python} "$SCRIPTS/{script}" {{input.spec}} {{threads}} > {{log}} 2>&1'


def launcher(section):
    """Interpreter that starts one process for each GPU."""
    gpus = PLAN.gpus(section)
    return (
        f"accelerate launch --num_machines 1 --num_processes {gpus}"
        if gpus > 1
        else "python"
    )


def python_of(name):
    """Interpreter of an engine's environment; conda provides its own."""

    def python(wildcards):
        environment = name.format(**wildcards)
        own = environment in OWN and not workflow.deployment_settings.deployment_method
        return folder_of(environment) / "bin" / "python" if own else "python"

    return python


def environment_of(name):
    """File that marks an engine's environment as ready; none where conda makes it."""
    return lambda wildcards: [
        ancient(ready(environment))
        for environment in [name.format(**wildcards)]
        if environment in OWN and not workflow.deployment_settings.deployment_method
    ]


def ready(environment):
    return f"{folder_of(environment)}/ready"


# Resources


def threads_of(stage, most=1, name="{id}"):
    """Threads as planned; ``most`` where the result does not depend on them."""
    common = PLAN.common_threads(stage)
    if common is not None:
        # For thousands of jobs a number is cheaper than a function.
        return common or most
    return lambda wildcards: PLAN.threads(stage, name.format(**wildcards)) or most


def gpus_of(section):
    """GPUs of each job, by the section training or decoding of the configuration."""
    return PLAN.gpus(section)


def gpus_of_text():
    """GPUs for sentences of a language model in memory."""
    return gpus_of("decoding") if PLAN.text_source == "transformers" else 0


def gpus_where_input(stage, role, name="{id}"):
    """GPUs of the jobs that have an input in some role, such as a model."""
    gpus = PLAN.gpus("decoding")

    def of_job(wildcards):
        return gpus * PLAN.has_input(stage, name.format(**wildcards), role)

    return of_job if gpus else 0


def gpus_of_synthesis():
    """GPUs of engines that run a network on this machine."""
    gpus = PLAN.gpus("decoding")

    def of_job(wildcards):
        name = f"{wildcards.environment}/{wildcards.id}"
        return gpus * PLAN.synthesises_locally(name)

    return of_job if gpus else 0
