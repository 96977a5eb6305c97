// Appends the path of each module that a process loads to the file that DSGAN_TRACE names; put before a process by `--import`.
import { appendFileSync } from "node:fs";
import { registerHooks } from "node:module";

registerHooks({
  load(url, context, next) {
    appendFileSync(process.env.DSGAN_TRACE, `${url}\n`);
    return next(url, context);
  },
});
