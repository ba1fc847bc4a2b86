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

export function table(caption, columns, rows) {
  const head = columns.map((c) => el("th", { scope: "col", class: c.number && "number" }, c.label));
  const body = rows.map((row) =>
    el("tr", {}, columns.map((c) =>
      el("td", { "data-label": c.label, class: c.number && "number" }, c.show(row)))));
  return el("div", { class: "sheet" }, el("table", {},
    el("caption", {}, caption), el("thead", {}, el("tr", {}, head)), el("tbody", {}, body)));
}

export const empty = (text) => el("p", { class: "empty" }, text);

const BAD = new Set(["late", "overdue", "on-hold", "exception", "unfillable", "cancel-requested"]);
const GOOD = new Set(["fulfilled", "closed", "shipped", "delivered", "handed-over"]);
const WARN = new Set(["backordered", "pending", "partially-fulfilled", "due-soon"]);

export function chip(text) {
  const tone = BAD.has(text) ? "bad" : GOOD.has(text) ? "good" : WARN.has(text) ? "warn" : "";
  return el("span", { class: `chip ${tone}` }, text);
}

const digitsOf = (currency) =>
  new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions()
    .maximumFractionDigits;

export function money({ amount_minor: minor, currency }) {
  const digits = digitsOf(currency);
  const style = { style: "currency", currency };
  return new Intl.NumberFormat(undefined, style).format(minor / 10 ** digits);
}

export function time(text) {
  const shown = new Date(text).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  return el("time", { datetime: text, title: text }, shown);
}

export function age(seconds) {
  const units = [["d", 86_400], ["h", 3_600], ["min", 60]];
  const [name, size] = units.find(([, length]) => seconds >= length) || ["s", 1];
  return `${Math.floor(seconds / size)} ${name}`;
}
