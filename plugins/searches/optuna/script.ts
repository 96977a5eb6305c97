/**
 * The Python program that Optuna runs in: a question a line, an answer a line, both JSON. It keeps nothing from one question
 * to the next: each brings the whole history, from which a study is made anew.
 *
 * @module
 */

/** Exit code of the program where Optuna is missing or too old. */
export const NO_OPTUNA = 64;

/** The least version of Optuna. */
export const OPTUNA = 4;

/** For `python -c`. */
export const script = `
import json, sys
try:
    import optuna
    if int(optuna.__version__.split(".")[0]) < ${OPTUNA}:
        raise ImportError("optuna " + optuna.__version__)
except ImportError as error:
    print(error, file=sys.stderr)
    sys.exit(${NO_OPTUNA})
import warnings
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
optuna.logging.set_verbosity(optuna.logging.ERROR)
STATES = {"ended": TrialState.COMPLETE, "failed": TrialState.FAIL, "running": TrialState.RUNNING}

def distribution(domain):
    if domain["kind"] == "choices":
        return CategoricalDistribution(range(domain["size"]))
    kind = IntDistribution if domain["integer"] else FloatDistribution
    return kind(domain["min"], domain["max"], log=domain["scale"] == "log")

def told(trial, distributions):
    state = STATES[trial["state"]]
    value = trial.get("score") if state == TrialState.COMPLETE else None
    return create_trial(state=state, params=trial["params"], distributions=distributions, value=value)

def ask(study, distributions):
    trial = study.ask(distributions)
    print(json.dumps({"params": trial.params}), flush=True)
    return trial

print(json.dumps({"ready": optuna.__version__}), flush=True)
study, distributions, asked = None, None, None
for line in sys.stdin:
    question = json.loads(line)
    if question.get("again"):
        study.tell(asked, state=TrialState.FAIL)
    else:
        sampler = optuna.samplers.TPESampler(
            seed=question["seed"], n_startup_trials=question["startup"], constant_liar=True
        )
        study = optuna.create_study(direction=question["direction"], sampler=sampler)
        distributions = {path: distribution(domain) for path, domain in question["domains"].items()}
        study.add_trials([told(trial, distributions) for trial in question["trials"]])
    asked = ask(study, distributions)
`;
