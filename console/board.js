// The board: which view is open, when it is read again, and the two dialogs.
import { call, key, Problem, read } from "./api.js";
import { el, empty } from "./dom.js";
import { orderDetail, VIEWS } from "./views.js";

const POLL_MS = 15_000;
const POLL_MAX_MS = 120_000;
const TIMELINE = 100;
const at = (id) => document.getElementById(id);

let view = "orders";
let filters = {};
let cursors = [];       // of the pages before this one, first to last
let nextCursor = null;
let lastShown = "";
let failures = 0;
let timer = 0;
let reading = null;

const act = { order: showOrder, settle: askToSettle };

function show(id, isShown) { at(id).hidden = !isShown; }

function say(id, text) {
  at(id).textContent = text;
  show(id, Boolean(text));
}

function start() {
  const isOpen = Boolean(key.get());
  show("enter", !isOpen);
  show("view", isOpen);
  show("views", isOpen);
  show("leave", isOpen);
  if (isOpen) openView();
  else {
    at("state").textContent = "Not connected";
    at("key").focus();
  }
}

function openView() {
  const asked = location.hash.slice(1);
  view = asked in VIEWS ? asked : "orders";
  for (const link of at("views").children) {
    if (link.hash === `#${view}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  at("title").textContent = VIEWS[view].title;
  document.title = `${VIEWS[view].title} · Orderloom board`;
  filters = {};
  firstPage();
  at("content").replaceChildren(el("p", { class: "note" }, "Reading…"));
  buildFilters();
  refresh();
}

function firstPage() {
  cursors = [];
  nextCursor = null;
  lastShown = "";
}

function buildFilters() {
  at("filters").replaceChildren(...VIEWS[view].filters.map(filterField));
  for (const filter of VIEWS[view].filters) if (filter.locations) fillLocations(filter.name);
}

function filterField({ name, label, choices, type, locations }) {
  const field = choices || locations
    ? el("select", { name }, option("", locations ? "choose …" : "all"),
      (choices || []).map((choice) => option(choice, choice)))
    : el("input", { name, type: type || "search" });
  return el("label", {}, label, field);
}

const option = (value, text) => el("option", { value }, text);

async function fillLocations(name) {
  const field = at("filters").elements[name];
  try {
    const found = await read("locations", { active: "true", limit: "500" });
    const rows = found.items.map((row) => option(row.location_id, `${row.name} (${row.location_id})`));
    field.append(...rows);
  } catch (error) {
    refused(error);
  }
}

async function refresh() {
  clearTimeout(timer);
  if (reading) reading.abort();
  const current = (reading = new AbortController());
  const shown = VIEWS[view];
  const needed = shown.needs ? shown.needs(filters) : null;
  if (needed) {
    at("content").replaceChildren(empty(needed));
    say("problem", "");
    show("pager", false);
    at("state").textContent = "Connected";
    return;
  }
  at("content").setAttribute("aria-busy", "true");
  try {
    const query = { ...shown.query(filters), cursor: cursors.at(-1) };
    const found = await read(shown.path, query, current.signal);
    if (current.signal.aborted) return;
    failures = 0;
    say("problem", "");
    render(shown, found);
    at("state").textContent = `Read at ${new Date().toLocaleTimeString()}`;
  } catch (error) {
    if (error.name === "AbortError") return;
    refused(error);
  } finally {
    if (current === reading) {
      at("content").setAttribute("aria-busy", "false");
      schedule();
    }
  }
}

function render(shown, found) {
  const text = JSON.stringify(found);
  nextCursor = found.next_cursor || null;
  show("pager", shown.paged && (cursors.length > 0 || Boolean(nextCursor)));
  at("first").disabled = cursors.length === 0;
  at("next").disabled = !nextCursor;
  at("page").textContent = `Page ${cursors.length + 1}`;
  // What has not changed keeps its place, the selection and the focus.
  if (text === lastShown) return;
  lastShown = text;
  at("content").replaceChildren(shown.show(found, act, filters));
}

function refused(error) {
  if (!(error instanceof Problem)) {
    say("problem", "The answer cannot be shown.");
    throw error;
  }
  if (error.status === 401) {
    key.forget();
    start();
    say("key-problem", "This key is not (or no longer) valid.");
    return;
  }
  failures += 1;
  const isForbidden = error.status === 403;
  if (isForbidden) at("content").replaceChildren(empty("This key may not read this view."));
  say("problem", isForbidden ? "" : error.message);
  at("state").textContent = isForbidden ? "Connected" : "Not up to date";
}

function schedule() {
  clearTimeout(timer);
  if (document.hidden || !key.get()) return;
  timer = setTimeout(refresh, Math.min(POLL_MS * 2 ** failures, POLL_MAX_MS));
}

async function showOrder(orderId) {
  at("detail-title").textContent = "Order";
  at("detail-body").replaceChildren(el("p", { class: "note" }, "Reading…"));
  at("detail").showModal();
  const path = `orders/${encodeURIComponent(orderId)}`;
  try {
    const [order, timeline] = await Promise.all([
      read(path), read(`${path}/timeline`, { limit: TIMELINE })]);
    at("detail-title").textContent = `Order ${order.reference}`;
    at("detail-body").replaceChildren(orderDetail(order, timeline));
  } catch (error) {
    at("detail-body").replaceChildren(el("p", { class: "problem", role: "alert" }, error.message));
  }
}

const EXTRA = {
  "assign-sku": { name: "sku", label: "SKU, barcode or alias of the product" },
  "another-store": { name: "location_id", label: "Id of the store that hands it out" },
};
let settling = null;

function askToSettle(row, action) {
  settling = { row, action };
  const extra = EXTRA[action];
  at("act-title").textContent = action.replaceAll("-", " ");
  at("act-about").textContent =
    `${row.code.replaceAll("-", " ")}${row.sku ? ` · ${row.sku}` : ""}`;
  at("act-extra").replaceChildren(...(extra
    ? [el("label", {}, extra.label, el("input", { name: extra.name, required: true }))] : []));
  say("act-problem", "");
  at("act").showModal();
}

async function settle(event) {
  event.preventDefault();
  at("act-do").disabled = true;
  try {
    const fields = Object.fromEntries(new FormData(at("act-form")));
    const path = `exceptions/${encodeURIComponent(settling.row.exception_id)}:act`;
    await call("POST", path, { body: { action: settling.action, ...fields } });
    at("act").close();
    lastShown = "";
    refresh();
  } catch (error) {
    say("act-problem", error.message);
  } finally {
    at("act-do").disabled = false;
  }
}

at("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  key.set(at("key").value.trim());
  at("key").value = "";
  say("key-problem", "");
  start();
});
at("leave").addEventListener("click", () => {
  key.forget();
  clearTimeout(timer);
  if (reading) reading.abort();
  at("content").replaceChildren();
  start();
});
at("filters").addEventListener("change", () => {
  filters = Object.fromEntries(new FormData(at("filters")));
  firstPage();
  refresh();
});
at("filters").addEventListener("submit", (event) => event.preventDefault());
at("next").addEventListener("click", () => {
  cursors.push(nextCursor);
  refresh();
});
at("first").addEventListener("click", () => {
  firstPage();
  refresh();
});
at("detail-close").addEventListener("click", () => at("detail").close());
at("act-cancel").addEventListener("click", () => at("act").close());
at("act-form").addEventListener("submit", settle);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) clearTimeout(timer);
  else if (key.get()) refresh();
});
addEventListener("hashchange", () => { if (key.get()) openView(); });
start();
