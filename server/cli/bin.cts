#!/usr/bin/env node
// The `dsgan` command of the package. Old versions of Node can read this file, and nothing that it imports.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(`dsgan: this is Node ${process.versions.node}; dsgan needs Node 22.18 or newer. Install it from https://nodejs.org`);
  process.exitCode = 2;
} else {
  import("./main.ts").catch((error) => {
    console.error(`dsgan: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 3;
  });
}
