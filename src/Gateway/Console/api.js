// The gateway's API, on the port this page came from. The key goes in a header, never into an address.

const storage = 'gateway-key';
const patience = 5_000;

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export const hasKey = () => sessionStorage.getItem(storage) !== null;

export const setKey = (key) => sessionStorage.setItem(storage, key);

export const forgetKey = () => sessionStorage.removeItem(storage);

export const get = async (path) => JSON.parse(await request('GET', path));

/** The text of the answer, for content that is to be shown as it was sent. */
export const getText = (path) => request('GET', path);

/** @param {string} body JSON. */
export const post = async (path, body) => JSON.parse(await request('POST', path, body));

/** The API's address of a channel. */
export const channelPath = (channel, what = '') => `channels/${encodeURIComponent(channel)}${what}`;

/** Status 0 stands for a gateway that did not answer. */
async function request(method, path, body) {
  const headers = {};
  if (hasKey()) headers.Authorization = `Bearer ${sessionStorage.getItem(storage)}`;
  let response;
  let text;
  try {
    response = await fetch(`../api/${path}`, { method, headers, body, cache: 'no-store', credentials: 'omit', signal: AbortSignal.timeout(patience) });
    text = await response.text();
  } catch {
    throw new ApiError(0, 'the gateway does not answer');
  }
  if (!response.ok) throw new ApiError(response.status, detailOf(text) ?? `the gateway answered ${response.status}`);
  return text;
}

function detailOf(text) {
  try {
    return JSON.parse(text).detail;
  } catch {
    return undefined;
  }
}
