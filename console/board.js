// The board: which view is open, when it is read again, and the order's dialog.
import { key, places, Problem, read } from "./api.js";
import { el, empty, put } from "./dom.js";
import { orderDetail } from "./order.js";
import { askToSettle } from "./settle.js";
import { VIEWS } from "./views.js";

const POLL_MS = 15_000;
const POLL_MAX_MS = 120_000;
const TIMELINE = 100;
const LOCATION = "orderloom-location";
const at = (id) => document.getElementById(id);

let view = "orders";
let filters = {};
let known = [];         // the locations that the key works with, once a view asks for them
let cursors = [];       // of the pages before this one, first to last
let nextCursor = null;
let lastShown = "";
let failures = 0;
let waitMs = 0;         // as the host asked for
let timer = 0;
let reading = null;

const act = { order: showOrder, settle: askToSettle };
const isDialogOpen = () => at("detail").open || at("act").open;

function show(id, isShown) { at(id).hidden = !isShown; }

// The same words again are no news: an alert is read out whenever its text is set.
function say(id, text) {
  if (at(id).textContent !== text) at(id).textContent = text;
  show(id, Boolean(text));
}

function start() {
  const isOpen = Boolean(key.get());
  for (const id of ["view", "views", "leave", "again"]) show(id, isOpen);
  show("enter", !isOpen);
  if (isOpen) openView();
  else {
    for (const id of ["detail", "act"]) if (at(id).open) at(id).close();
    at("state").textContent = "Not connected";
    at("key").focus();
  }
}

async function openView() {
  const asked = location.hash.slice(1);
  view = asked in VIEWS ? asked : "orders";
  const opened = view;
  for (const link of at("views").children) {
    if (link.hash === `#${view}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  at("title").textContent = VIEWS[view].title;
  document.title = `${VIEWS[view].title} · Orderloom board`;
  failures = 0;
  waitMs = 0;
  firstPage();
  show("pager", false);
  say("problem", "");
  at("content").replaceChildren(el("p", { class: "note" }, "Reading …"));
  at("filters").replaceChildren(...VIEWS[view].filters.map(filterField));
  filters = asFiltered();
  if (VIEWS[view].filters.some((filter) => filter.locations)) await fillLocations(opened);
  if (opened === view && key.get()) refresh();
}

const asFiltered = () => Object.fromEntries([...new FormData(at("filters"))]
  .map(([name, text]) => [name, text.trim()]));

function firstPage() {
  cursors = [];
  nextCursor = null;
  lastShown = "";
}

const option = ([value, text]) => el("option", { value }, text);

function filterField({ name, label, choices, type, locations }) {
  const options = locations ? [["", "choose …"]] : choices;
  const field = options ? el("select", { name }, options.map(option))
    : el("input", { name, type: type || "search", autocomplete: "off", spellcheck: "false" });
  return el("label", {}, label, field);
}

// Whoever works at one location sees it at once; a choice lasts as long as the tab.
async function fillLocations(opened) {
  try {
    known = await places();
  } catch (error) {
    refused(error);
    return;
  }
  const field = at("filters").elements.location;
  if (opened !== view || !field) return;
  field.append(...known.map((row) => option([row.location_id,
    row.name === row.location_id ? row.name : `${row.name} (${row.location_id})`])));
  const only = known.length === 1 ? known[0].location_id : "";
  field.value = sessionStorage.getItem(LOCATION) || only;
  if (field.selectedIndex < 0) field.value = only;
  filters = asFiltered();
}

async function refresh() {
  clearTimeout(timer);
  if (reading) reading.abort();
  const current = (reading = new AbortController());
  const shown = VIEWS[view];
  const needed = shown.needs ? shown.needs(filters) : null;
  if (needed) {
    at("content").replaceChildren(empty(needed));
    show("pager", false);
    at("state").textContent = "Connected";
    return;
  }
  at("content").setAttribute("aria-busy", "true");
  try {
    const found = await ask(shown, current.signal);
    if (current.signal.aborted) return;
    failures = 0;
    waitMs = 0;
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

async function ask(shown, signal) {
  const query = { ...shown.query(filters), cursor: cursors.at(-1) };
  const found = await read(shown.path, query, signal);
  const other = shown.otherwise && shown.otherwise(filters);
  if (!other || found.items.length > 0) return found;
  return { ...await read(shown.path, other, signal), next_cursor: null };
}

function render(shown, found) {
  const text = JSON.stringify(found);
  nextCursor = found.next_cursor || null;
  show("pager", shown.paged && (cursors.length > 0 || Boolean(nextCursor)));
  at("first").disabled = cursors.length === 0;
  at("next").disabled = !nextCursor;
  at("page").textContent = `Page ${cursors.length + 1}`;
  // What has not changed keeps its place and the selection.
  if (text === lastShown) return;
  lastShown = text;
  put(at("content"), shown.show(found, { act, filters, places: known }));
}

function refused(error) {
  if (!(error instanceof Problem)) {
    say("problem", "The answer cannot be shown.");
    throw error;
  }
  if (error.status === 401) {
    key.forget();
    at("content").replaceChildren();
    start();
    say("key-problem", "This key is not (or no longer) valid.");
    return;
  }
  failures += 1;
  waitMs = error.waitMs;
  const isForbidden = error.status === 403;
  if (isForbidden || !lastShown) {
    at("content").replaceChildren(isForbidden ? empty("This key may not read this view.") : "");
    show("pager", false);
  }
  if (isForbidden) {
    lastShown = "";
    waitMs = POLL_MAX_MS;
  }
  say("problem", isForbidden ? "" : error.message);
  at("state").textContent = isForbidden ? "Connected" : "Not up to date";
}

function schedule() {
  clearTimeout(timer);
  if (document.hidden || !key.get()) return;
  const patience = Math.min(POLL_MS * 2 ** failures, POLL_MAX_MS);
  timer = setTimeout(poll, waitMs || patience);
}

// Behind a dialog nothing moves.
function poll() {
  if (isDialogOpen()) schedule();
  else refresh();
}

async function showOrder(orderId) {
  at("detail-title").textContent = "Order";
  at("detail-body").replaceChildren(el("p", { class: "note" }, "Reading …"));
  at("detail").showModal();
  const path = `orders/${encodeURIComponent(orderId)}`;
  try {
    const [order, timeline] = await Promise.all([
      read(path), read(`${path}/timeline`, { limit: TIMELINE })]);
    at("detail-title").textContent = `Order ${order.number || order.reference}`;
    at("detail-body").replaceChildren(orderDetail(order, timeline));
  } catch (error) {
    at("detail-body").replaceChildren(el("p", { class: "problem", role: "alert" }, error.message));
  }
}

at("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  key.set(at("key").value.trim());
  at("key").value = "";
  say("key-problem", "");
  start();
  if (key.get()) at("main").focus();
});
at("leave").addEventListener("click", () => {
  key.forget();
  clearTimeout(timer);
  if (reading) reading.abort();
  at("content").replaceChildren();
  start();
});
at("filters").addEventListener("change", () => {
  filters = asFiltered();
  if ("location" in filters) sessionStorage.setItem(LOCATION, filters.location);
  firstPage();
  refresh();
});
at("filters").addEventListener("submit", (event) => event.preventDefault());
at("next").addEventListener("click", () => {
  if (!nextCursor) return;
  cursors.push(nextCursor);
  nextCursor = null;
  refresh();
});
at("first").addEventListener("click", () => {
  firstPage();
  refresh();
});
at("again").addEventListener("click", refresh);
at("detail-close").addEventListener("click", () => at("detail").close());
for (const id of ["detail", "act"]) at(id).addEventListener("close", () => key.get() && refresh());
document.addEventListener("visibilitychange", () => {
  if (document.hidden) clearTimeout(timer);
  else if (key.get() && !isDialogOpen()) refresh();
});
addEventListener("online", () => { if (key.get() && !isDialogOpen()) refresh(); });
addEventListener("hashchange", () => { if (key.get()) openView(); });
start();
