// Elements from values. Text is always set as text, so nothing that is shown can become markup.
export function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (attribute.startsWith("on")) node.addEventListener(attribute.slice(2), value);
    else node.setAttribute(attribute, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

const isNothing = (shown) => shown === null || shown === undefined || shown === ""
  || (Array.isArray(shown) && shown.length === 0);

function cell(column, row) {
  const shown = column.show(row);
  const kinds = [column.number && "number", column.long && "long", isNothing(shown) && "none"];
  const kind = kinds.filter(Boolean).join(" ");
  const attributes = { role: "cell", "data-label": column.label, class: kind || null };
  return el("td", attributes, isNothing(shown) ? null : el("div", {}, shown));
}

// The roles are said because on a narrow screen rows are laid out as blocks.
export function table(caption, columns, rows) {
  const head = columns.map((c) =>
    el("th", { scope: "col", role: "columnheader", class: c.number && "number" }, c.label));
  const body = rows.map((row) => el("tr", { role: "row" }, columns.map((c) => cell(c, row))));
  return el("div", { class: "sheet" }, el("table", { role: "table" },
    el("caption", {}, caption),
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, head)),
    el("tbody", { role: "rowgroup" }, body)));
}

export const button = (text, id, run) =>
  el("button", { type: "button", "data-focus": id, onclick: run }, text);
export const opener = (text, id, run) =>
  el("button", { type: "button", class: "link", "data-focus": id, onclick: run }, text);

// Shows something else in a place; what had the focus there has it again, or else the page's main
// part, so that a keyboard does not begin anew.
export function put(place, shown) {
  const isFocusThere = place.contains(document.activeElement);
  const focused = document.activeElement.dataset.focus;
  place.replaceChildren(shown);
  if (!isFocusThere) return;
  const again = [...place.querySelectorAll("[data-focus]")]
    .find((node) => node.dataset.focus === focused);
  (again || place.closest("main")).focus();
}

export const empty = (text) => el("p", { class: "empty" }, text);
export const words = (text) => text.replaceAll("-", " ").replaceAll("_", " ")
  .replace(/\bsku\b/g, "SKU");
export const begin = (text) => text.charAt(0).toUpperCase() + text.slice(1);

const BAD = new Set(["late", "overdue", "on-hold", "exception", "unfillable", "cancel-requested"]);
const GOOD = new Set(["fulfilled", "closed", "shipped", "delivered", "handed-over"]);
const WARN = new Set(["backordered", "pending", "partially-fulfilled", "due-soon"]);

export function chip(text) {
  const tone = BAD.has(text) ? "bad" : GOOD.has(text) ? "good" : WARN.has(text) ? "warn" : "";
  return el("span", { class: `chip ${tone}` }, words(text));
}

const digitsOf = (currency) =>
  new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions()
    .maximumFractionDigits;

export function money({ amount_minor: minor, currency }) {
  const digits = digitsOf(currency);
  const style = { style: "currency", currency };
  return new Intl.NumberFormat(undefined, style).format(minor / 10 ** digits);
}

// The zone of whoever looks; a location's own times are shown in the location's.
export const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone;

export function time(text, zone = HERE) {
  const style = { dateStyle: "medium", timeStyle: "short", timeZone: zone };
  const shown = new Date(text).toLocaleString(undefined, style);
  return el("time", { datetime: text, title: `${text} (UTC)` }, shown);
}

export function age(seconds) {
  const units = [["d", 86_400], ["h", 3_600], ["min", 60]];
  const [name, size] = units.find(([, length]) => seconds >= length) || ["s", 1];
  return `${Math.floor(seconds / size)} ${name}`;
}
