// The HTTP API as the board uses it: one key, problem documents as errors, requests that can end.
const BASE = "/api/v1/";
const STORED = "orderloom-key";
const WAIT_MS = 15_000;

export class Problem extends Error {
  constructor(status, body, retryAfter = 0) {
    const faults = (body.errors || []).map((row) => row.detail).join("; ");
    const text = faults || body.detail || `The host answered ${status}.`;
    super(status === 429 ? "Too many requests at once. Trying again by itself." : text);
    this.status = status;
    this.code = body.code || "";
    this.waitMs = retryAfter * 1_000;
  }
}

export const key = {
  get: () => sessionStorage.getItem(STORED) || "",
  set: (value) => sessionStorage.setItem(STORED, value),
  forget: () => sessionStorage.clear(),
};

export async function call(method, path, { query = {}, body, signal } = {}) {
  const url = new URL(BASE + path, location.origin);
  for (const [name, value] of Object.entries(query)) {
    if (value) url.searchParams.set(name, value);
  }
  const ends = AbortSignal.timeout(WAIT_MS);
  const headers = { Authorization: `Bearer ${key.get()}`, Accept: "application/json" };
  if (body) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(url, {
      method,
      headers,
      body: body && JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, ends]) : ends,
      cache: "no-store",
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { detail: "The host cannot be reached. Trying again by itself." });
  }
  const found = await answer.json().catch(() => ({}));
  const after = Number(answer.headers.get("Retry-After")) || 0;
  if (!answer.ok) throw new Problem(answer.status, found, after);
  return found;
}

export const read = (path, query, signal) => call("GET", path, { query, signal });

const PLACES_PAGE = "500";
const PLACES_PAGES_MAX = 10;
let placesOf = { key: "", found: null };

// The locations that the key works with, by name; asked for once a key.
export async function places() {
  if (placesOf.found && placesOf.key === key.get()) return placesOf.found;
  const found = [];
  let cursor = "";
  for (let page = 0; page < PLACES_PAGES_MAX; page += 1) {
    const query = { own: "true", active: "true", limit: PLACES_PAGE, cursor };
    const answer = await read("locations", query);
    found.push(...answer.items);
    cursor = answer.next_cursor;
    if (!cursor) break;
  }
  placesOf = { key: key.get(), found };
  return found;
}
