/** HTTP, by fetch: what is sent to services, and how their failures look. */
import { FreeholdError } from './error.js';

const car = 'application/vnd.ipld.car';
const putAttempts = 3;

/** @param {string | URL} url @param {RequestInit} [init] */
export async function request(url, init) {
  let response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') throw error;
    throw new FreeholdError('Offline', `${new URL(url).host} cannot be reached`, { cause: error });
  }
  if (response.ok) return response;
  const text = (await response.text().catch(() => '')).slice(0, 200);
  throw new FreeholdError('HttpError', `status ${response.status}${text && `: ${text}`}`, {
    cause: response.status,
  });
}

/**
 * Sends an agent message; gives the answer when it begins.
 * @param {string} url @param {Uint8Array} message @param {AbortSignal} [signal]
 */
export const ask = (url, message, signal) =>
  request(url, {
    method: 'POST',
    headers: { 'content-type': car, accept: car },
    body: /** @type {BodyInit} */ (message),
    signal,
  });

/** Sends an agent message; gives the answer. @param {string} url @param {Uint8Array} message */
export const post = async (url, message) =>
  new Uint8Array(await (await ask(url, message)).arrayBuffer());

/** The DID of the service at `url`, and the did:key that it signs with. @param {URL} url */
export async function identityOf(url) {
  const response = await request(new URL('/.well-known/did.json', url));
  const document = await response.json().catch(() => undefined);
  const [method] = document?.verificationMethod ?? [];
  if (typeof document?.id !== 'string' || typeof method?.publicKeyMultibase !== 'string') {
    throw new FreeholdError('ProtocolError', 'the DID document of the service has no key');
  }
  return { did: document.id, key: `did:key:${method.publicKeyMultibase}` };
}

/**
 * Delivers the bytes of a blob.
 * @param {import('./types.js').PutAddress} address @param {Blob} body
 */
export async function put({ url, headers }, body) {
  // The browser sets the length, and refuses to be told.
  const own = headers.filter(([name]) => name.toLowerCase() !== 'content-length');
  for (let attempt = 1; ; ++attempt) {
    try {
      await request(url, { method: 'PUT', headers: own, body });
      return;
    } catch (error) {
      const status = error instanceof FreeholdError ? Number(error.cause) : 0;
      if (attempt === putAttempts || (status >= 400 && status < 500)) throw error;
    }
  }
}
