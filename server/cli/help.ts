/**
 * Help texts of the command line.
 *
 * @module
 */

const EXIT_CODES = `
Exit codes:
  0    every expectation met
  1    an expectation missed
  2    bad scenario, bad data, or bad command line
  3    the run broke (a loss that is not a number, an engine that failed, a plugin that threw), or output was lost
  130  interrupted (143 by SIGTERM, 129 by SIGHUP): the first Ctrl-C stops at the next step and keeps what there is, a second stops at once

Environment:
  CI, GITHUB_ACTIONS   plain lines; on GitHub also annotations on the lines of the scenario
  NO_COLOR             no colours
  DSGAN_DATA           folder of downloaded data, ~/.cache/dsgan-data unless set
  DSGAN_DEBUG=1        print where errors were thrown, as --debug does`;

export const RUN_EXAMPLES = `
A scenario is a YAML or JSON file, or the name of one that comes with dsgan (see \`dsgan list scenarios\`).

Examples:
  $ dsgan run scenarios/smoke/ring.yaml
  $ dsgan run fig6-mnist --set application.target.pd=[3] --set application.target.pdBar=[3,8]
  $ dsgan run my.yaml --seed 7 --engine wasm --runs /tmp/runs
  $ dsgan run scenarios/smoke/*.yaml --junit smoke.xml --quiet
  $ dsgan run my.yaml --json | tail -n 1        the result alone, as JSON
${EXIT_CODES}`;

export const RESUME_EXAMPLES = `
Examples:
  $ dsgan resume latest
  $ dsgan resume runs/fig6-mnist-20261122-122854-d9a0
${EXIT_CODES}`;

export const SWEEP_EXAMPLES = `
Examples:
  $ dsgan sweep sweep-ring --dry-run
  $ dsgan sweep sweep-ring --at-once 2
  $ dsgan sweep my-sweep.yaml --detach
  $ dsgan sweep my-sweep.yaml --runs postgres://host/dsgan      on the workers of that database
  $ dsgan sweep status <id>        and resume, cancel
${EXIT_CODES}`;

export const EXAMPLES = `
Examples:
  $ dsgan run scenarios/smoke/ring.yaml         learn a ring, seconds
  $ dsgan run fig6-mnist --seed 7               the packaged scenario of that name
  $ dsgan resume latest                         resume a run that was interrupted
  $ dsgan list scenarios                        what comes with dsgan
  $ dsgan validate my.yaml                      every mistake with its line, nothing run
  $ dsgan schema --write scenario.schema.json   for your editor's completion
${EXIT_CODES}`;

export const WORKER_EXAMPLES = `
Exit codes:
  0         it was to exit (--once, --idle-exit), and every run met its expectations
  1         as 0, but a run missed an expectation
  2         bad command line, bad scenario, or the queue cannot be reached
  3         a run broke or was lost, or no engine works here
  130, 143  stopped by Ctrl-C or SIGTERM

Examples:
  $ dsgan worker --runs postgres://host/dsgan --slots 4
  $ dsgan worker --runs /shared/runs --jobs postgres://host/dsgan --idle-exit 60
`;
