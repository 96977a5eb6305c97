/** No metric of a smoke scenario changes unless the fixture does: bit for bit, on the kind of machine that wrote it. */
import { readFileSync } from "node:fs";
import t from "tap";
import { FIXTURE, machine, metricsOf, type Numbers, smokeScenarios } from "./numbers.ts";

t.setTimeout(900_000); // minutes on a busy machine

const fixture: Numbers = JSON.parse(readFileSync(FIXTURE, "utf8"));
const here = machine();
const same = here.arch === fixture.machine.arch && here.cpu === fixture.machine.cpu;
const skip = same ? false : `rounding differs between "${fixture.machine.cpu}" and "${here.cpu}"`;

t.same(Object.keys(fixture.metrics), smokeScenarios(), "every smoke scenario is in the fixture");
for (const name of smokeScenarios()) {
  t.test(`metrics of smoke/${name} are those of the fixture`, { skip }, async (t) => {
    t.same(metricsOf(name), fixture.metrics[name]);
  });
}
