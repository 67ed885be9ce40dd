/** The one error class: told apart by `code`, which says what the caller can do about it. */

/** @typedef {Pick<import('./types.js').FreeholdError, 'code'>} Contract */

/** @implements {Contract} */
export class FreeholdError extends Error {
  /** @param {string} code @param {string} message @param {ErrorOptions} [options] */
  constructor(code, message, options) {
    super(message, options);
    this.name = 'FreeholdError';
    this.code = code;
    /** @type {Uint8Array | undefined} */
    this.evidence = undefined;
  }
}

export const closed = () => new FreeholdError('Closed', 'the space is closed');

/** Whether `error` is one of ours with this code. @param {unknown} error @param {string} code */
export const isCode = (error, code) => error instanceof FreeholdError && error.code === code;
