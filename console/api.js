// The HTTP API as the board uses it: one key, problem documents as errors, requests that can end.
const BASE = "/api/v1/";
const STORED = "orderloom-key";
const WAIT_MS = 15_000;

export class Problem extends Error {
  constructor(status, body) {
    const faults = (body.errors || []).map((row) => row.detail).join("; ");
    super([body.detail, faults].filter(Boolean).join(" — ") || `The host answered ${status}.`);
    this.status = status;
    this.code = body.code || "";
  }
}

export const key = {
  get: () => sessionStorage.getItem(STORED) || "",
  set: (value) => sessionStorage.setItem(STORED, value),
  forget: () => sessionStorage.removeItem(STORED),
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
    throw new Problem(0, { detail: "The host cannot be reached. Trying again." });
  }
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Problem(answer.status, found);
  return found;
}

export const read = (path, query, signal) => call("GET", path, { query, signal });
