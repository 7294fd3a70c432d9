# The plan: from the configuration to a specification file for every job, and the functions that rules ask.

import gc
import os
import shlex
import sys

# The graph of thousands of jobs is millions of objects that live to the end; looking for garbage among them again and
# again takes a third of the time.
gc.freeze()
gc.set_threshold(200_000, 50, 1000)

# Rules find the scripts by this variable of the shell: their commands are the same wherever the project lies.
scripts = os.path.join(workflow.basedir, "workflow", "scripts")
os.environ.update(SCRIPTS=scripts)
sys.path.insert(0, scripts)

from tauspeech.runtime.disk import trouble_of
from tauspeech.runtime.environments import OWN, folder_of
from tauspeech.runtime.errors import UserError
from tauspeech.plan.index import open_plan
from tauspeech.runtime.stages import STAGES, batch_record_path, batch_spec_path, spec_path

try:
    PLAN = open_plan(
        config,
        origin=(workflow.overwrite_configfiles or ["config/config.yaml"])[-1],
        # Only the main process writes specifications: a job of a run that is going reads what was frozen for it.
        main=workflow.is_main_process,
    )
except UserError as error:
    sys.exit(f"Error: {error}")
except OSError as error:
    sys.exit(f"Error: the plan cannot be written: {trouble_of(error) or error}.")

RESULTS = PLAN.results
if not (os.access(RESULTS, os.W_OK) or workflow.output_settings.dryrun):
    sys.exit(
        f"Error: {RESULTS} cannot be written: look who owns it, or whether its disk is read-only."
    )


def limits(**changed):
    """All that limit this run now, for the command line, where they take the place of the profile's."""
    now = {name: workflow.global_resources.get(name) for name in ("llm", "lane", "gpu")}
    known = {name: limit.value for name, limit in now.items() if limit} | changed
    return " ".join(
        f"{name}={known[name]}" for name in known if known[name] is not None
    )


# Snakemake would give a job what is left of its GPUs, and say nothing. Only the main process knows how many there are.
for section in ("training", "decoding") if workflow.is_main_process else ():
    limit = workflow.global_resources.get("gpu")
    if limit and limit.value is not None and PLAN.gpus(section) > limit.value:
        sys.exit(
            f"Error: key '{section}.gpus' is {PLAN.gpus(section)} and this run may use {limit.value}: "
            f"say how many there are, as in `--resources {limits(gpu=PLAN.gpus(section))}`, or in the profile."
        )

# Rules say `python`: without an environment of their own they mean the one that runs Snakemake.
if not workflow.deployment_settings.deployment_method:
    shell.prefix(f"export PATH={shlex.quote(os.path.dirname(sys.executable))}:$PATH; ")


wildcard_constraints:
    id="[a-z0-9][a-z0-9_-]*",
    environment="[a-z]+",


def spec(stage):
    """What a job is told: its specification, or which jobs of the stage it is to do."""
    path = batch_spec_path if STAGES[stage].batched else spec_path
    return f"{RESULTS}/{path(stage, '{id}')}"


def record(stage):
    """What a batch writes last."""
    return f"{RESULTS}/{batch_record_path(stage, '{id}')}"


def inputs_of(stage, pattern="{id}"):
    """Receipts of all jobs that a job needs."""
    return lambda wildcards: PLAN.inputs_of(stage, named(pattern, wildcards, stage))


def alone(stage):
    """Specification and inputs of one job of a stage that is done in batches, where somebody asks for its file."""
    return {
        "spec": f"{RESULTS}/{spec_path(stage, '{id}')}",
        "needed": lambda wildcards: PLAN.inputs_of_one(stage, wildcards.id),
    }


def threads_of(stage, most=1, pattern="{id}"):
    """Threads as planned; ``most`` where the result does not depend on them."""
    common = PLAN.common_threads(stage)
    if common is not None:
        # A number costs Snakemake less than a function, for each of thousands of jobs.
        return common or most
    return (
        lambda wildcards: PLAN.threads(stage, named(pattern, wildcards, stage)) or most
    )


def named(pattern, wildcards, stage):
    return pattern.format(**wildcards) if "id" in wildcards.keys() else stage


def environment_of(pattern):
    """What says that an engine's environment is there; conda makes its own."""
    return lambda wildcards: [
        ancient(ready(name))
        for name in [pattern.format(**wildcards)]
        if name in OWN and not workflow.deployment_settings.deployment_method
    ]


def python_of(pattern):
    def python(wildcards):
        name = pattern.format(**wildcards)
        own = name in OWN and not workflow.deployment_settings.deployment_method
        return folder_of(name) / "bin" / "python" if own else "python"

    return python


def ready(environment):
    return f"{folder_of(environment)}/ready"


def receipts(stage):
    return PLAN.receipts(stage)


def wanted():
    return PLAN.wanted()


def gpus_of(section):
    return PLAN.gpus(section)


def gpus_of_listening(stage):
    """For jobs of which only some let the base listen."""
    gpus = PLAN.gpus("decoding")
    return (
        (lambda wildcards: gpus * PLAN.has_input(stage, wildcards.id, "base"))
        if gpus
        else 0
    )


def gpus_of_speaking():
    gpus = PLAN.gpus("decoding")
    return (
        (
            lambda wildcards: gpus
            * PLAN.runs_a_network(f"{wildcards.environment}/{wildcards.id}")
        )
        if gpus
        else 0
    )


def launcher(section):
    """One process a GPU."""
    gpus = PLAN.gpus(section)
    return (
        f"accelerate launch --num_machines 1 --num_processes {gpus}"
        if gpus > 1
        else "python"
    )
