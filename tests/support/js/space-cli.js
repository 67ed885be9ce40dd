/** `freehold space …`, as processes: how they end and what they print. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { program } from './program.js';

/**
 * Starts a command; `ended` is when it has.
 * @param {string[]} args
 * @param {{ input?: string | Uint8Array, env?: Record<string, string> }} [how]
 */
export const start = (args, { input = '', env = {} } = {}) => {
  const child = spawn(program, ['space', ...args], { env: { ...process.env, ...env } });
  child.stdin.on('error', () => {}); // it may end before it has read all
  child.stdin.end(input);
  const out = /** @type {Buffer[]} */ ([]);
  const err = /** @type {Buffer[]} */ ([]);
  child.stdout.on('data', (part) => out.push(part));
  child.stderr.on('data', (part) => err.push(part));
  const ended = once(child, 'close').then(([code]) => ({
    code,
    bytes: Buffer.concat(out),
    out: Buffer.concat(out).toString(),
    err: Buffer.concat(err).toString(),
    /** What was printed, a JSON value a line. @returns {any[]} */
    get lines() {
      return this.out
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line));
    },
    /** @returns {any} */
    get json() {
      return JSON.parse(this.out);
    },
    /** The error that was told as JSON. */
    get error() {
      return JSON.parse(this.err).error;
    },
  }));
  return { child, ended };
};

/** Runs a command to its end, however it ends. @param {string[]} args */
export const end = (...args) => start(args).ended;

/**
 * Runs a command with --json, which must work; what it says.
 * @param {string} command @param {string[]} args
 */
export const ask = async (command, ...args) => {
  const ended = await end(command, '--json', ...args);
  if (ended.code !== 0) throw new Error(`${command} ${args.join(' ')}: ${ended.code} ${ended.err}`);
  return ended.json;
};
