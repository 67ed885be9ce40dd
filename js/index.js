/**
 * The package `freehold`: a space's state as a tree that its user owns, edits offline and syncs.
 */
export { Agent } from './agent.js';
export { FreeholdError } from './error.js';
export { Link } from './link.js';
export { Space } from './space.js';
