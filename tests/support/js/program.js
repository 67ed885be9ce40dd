/** The native program under test, and how to run it. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** FREEHOLD_PROGRAM, or the release build of this tree. A test without it fails: it never skips. */
export const program =
  process.env.FREEHOLD_PROGRAM ||
  fileURLToPath(new URL('../../../build/release/freehold', import.meta.url));

/** Runs `freehold …` to its end and gives what it wrote to stdout. @param {string[]} args */
export const run = async (...args) => {
  const { stdout } = await promisify(execFile)(program, args, { maxBuffer: 2 ** 26 });
  return stdout;
};
