// The four views: what each asks the API, which filters it has, how an answer is shown.
import { age, chip, el, empty, money, table, time } from "./dom.js";

const PAGE = 25;
const ORDER_STATES = ["received", "on-hold", "open", "partially-fulfilled", "fulfilled",
  "cancelled", "closed"];

const button = (text, run) => el("button", { type: "button", onclick: run }, text);
const opener = (text, run) => el("button", { type: "button", class: "link", onclick: run }, text);
const words = (text) => text.replaceAll("-", " ");

const orders = {
  title: "Orders",
  path: "orders",
  paged: true,
  filters: [
    { name: "status", label: "State", choices: ORDER_STATES },
    { name: "reference", label: "Reference" },
    { name: "sku", label: "SKU" },
  ],
  query: (filters) => ({ ...filters, limit: PAGE }),
  show: (found, act) => found.items.length === 0
    ? empty("No orders here. Send one to POST /api/v1/orders, or change the filters.")
    : table("The latest first", [
      { label: "Reference", show: (row) => opener(row.reference, () => act.order(row.order_id)) },
      { label: "Channel", show: (row) => row.channel },
      { label: "State", show: (row) => chip(row.status) },
      { label: "Accepted", show: (row) => time(row.accepted_at) },
      { label: "Units", number: true, show: (row) => String(row.units) },
      { label: "Total", number: true, show: (row) => money(row.total) },
    ], found.items),
};

const queue = {
  title: "Store queue",
  path: "fulfillments",
  paged: true,
  filters: [{ name: "location", label: "Location", locations: true }],
  query: (filters) => ({ ...filters, limit: PAGE }),
  needs: (filters) => filters.location ? null : "Choose a location to see its work.",
  show: (found, act) => found.items.length === 0
    ? empty("Nothing to do at this location.")
    : table("The most urgent first", [
      { label: "Work", show: (row) => opener(row.fulfillment_id, () => act.order(row.order_id)) },
      { label: "Way", show: (row) => row.method },
      { label: "State", show: (row) => chip(row.status) },
      { label: "Urgency", show: (row) => chip(row.urgency) },
      { label: "Due by", show: (row) => time(row.due_by) },
      { label: "Items", show: (row) => row.items.map((item) =>
        el("div", {}, `${item.quantity} × ${item.title || item.sku}`)) },
      { label: "Next", show: (row) => (row.legal || []).map(words).join(", ") },
    ], found.items),
};

const exceptions = {
  title: "Exceptions",
  path: "exceptions",
  paged: true,
  filters: [{ name: "status", label: "State", choices: ["open", "closed"] }],
  query: (filters) => ({ ...filters, limit: PAGE }),
  show: (found, act) => found.items.length === 0
    ? empty("Nothing waits for a person.")
    : table("The oldest first", [
      { label: "What", show: (row) => words(row.code) },
      { label: "About", show: (row) => row.order_id
        ? opener(row.line_id ? `line ${row.line_id} of the order` : "the order",
          () => act.order(row.order_id))
        : row.subject },
      { label: "Item", show: (row) => row.sku || "" },
      { label: "Location", show: (row) => row.location_id || "" },
      { label: "Age", number: true, show: (row) => age(row.age_s) },
      { label: "Why", show: (row) => Object.entries(row.detail || {})
        .map(([name, value]) => el("div", {}, `${words(name).replaceAll("_", " ")}: ${value}`)) },
      { label: "Settle", show: (row) => row.actions.length === 0
        ? words(String((row.detail || {}).action || "closed"))
        : el("div", { class: "buttons" },
          row.actions.map((name) => button(words(name), () => act.settle(row, name)))) },
    ], found.items),
};

const NAMES = {
  "first-attempt-sourcing": "Sourced at the first attempt", fill: "Fill rate",
  split: "Split rate", reject: "Reject rate", "promise-kept": "Promises kept",
  "arrival-kept": "Arrivals on time", "distance-per-order": "Distance a shipment",
  "accept-to-ship": "Accepted to shipped", "pickup-ready": "Accepted to ready for pickup",
  "return-to-refund": "Return to refund", "cost-per-order": "Cost an order",
  "courier-saving": "Courier saving", orders: "Orders", oversold: "Oversold units",
  shortage: "Units short", "parcels-saved": "Parcels saved",
  "exceptions-opened": "Exceptions opened",
};

function shown(figure) {
  if (figure.value === undefined) return "–";
  if (figure.unit === "ratio") {
    return figure.value.toLocaleString(undefined, { style: "percent", maximumFractionDigits: 1 });
  }
  const [unit, currency] = figure.unit.split(" of ");
  if (currency) return money({ amount_minor: Math.round(figure.value), currency });
  const number = figure.value.toLocaleString(undefined, { maximumFractionDigits: 2 });
  return unit === "count" ? number : `${number} ${unit}`;
}

const card = (name, value, of) => el("div", {}, el("dt", {}, name),
  el("dd", { class: "value" }, value), el("dd", { class: "of" }, of));

function figureCard(figure) {
  const of = figure.unit === "ratio"
    ? `${figure.numerator.toLocaleString()} of ${figure.denominator.toLocaleString()}`
    : figure.denominator === undefined ? "" : `over ${figure.denominator.toLocaleString()}`;
  return card(NAMES[figure.name] || words(figure.name), shown(figure), of);
}

const IN_GROUPS = ["orders", "fill", "promise-kept", "reject"];

function groupTable(groups, by) {
  const figure = (group, name) => group.figures.find((row) => row.name === name);
  return table(`By ${by}`, [
    { label: by === "channel" ? "Channel" : "Location", show: (group) => group.name },
    ...IN_GROUPS.map((name) => ({ label: NAMES[name], number: true,
      show: (group) => shown(figure(group, name)) })),
  ], groups);
}

const kpis = {
  title: "Key figures",
  path: "kpis",
  paged: false,
  filters: [
    { name: "from", label: "From", type: "date" },
    { name: "to", label: "To", type: "date" },
    { name: "by", label: "Shares of", choices: ["channel", "location"] },
  ],
  query: (filters) => filters,
  show: (found, act, filters) => {
    const open = found.exceptions;
    const oldest = open.oldest_hours === undefined ? "none waits"
      : `the oldest for ${age(open.oldest_hours * 3_600)}`;
    const cards = [
      ...found.figures.map(figureCard),
      card("Open exceptions", `${open.open}${open.is_more ? "+" : ""}`, oldest),
    ];
    return el("div", {},
      el("p", { class: "note" }, `${found.first_day} to ${found.last_day} (UTC)`),
      el("dl", { class: "cards" }, cards),
      found.groups && found.groups.length > 0
        ? el("div", {}, el("h3", {}, "Shares"), groupTable(found.groups, filters.by)) : null);
  },
};

export const VIEWS = { orders, queue, exceptions, kpis };

export function orderDetail(order, timeline) {
  const parts = order.lines.flatMap((line) => line.parts.map((part) => ({ line, part })));
  return el("div", {},
    el("p", {}, chip(order.status), ` ${order.channel} · ${order.reference} · `,
      money(order.total), ` · ${order.order_id}`),
    table("Lines", [
      { label: "Item", show: ({ line }) => line.title || line.sku || line.line_id },
      { label: "Units", number: true, show: ({ part }) => String(part.quantity) },
      { label: "State", show: ({ part }) => chip(part.state) },
      { label: "Way", show: ({ line }) => line.method },
      { label: "Location", show: ({ part }) => part.location || "" },
      { label: "Why", show: ({ part }) => part.reason || "" },
    ], parts),
    el("h3", {}, "What happened"),
    el("ol", { class: "timeline" }, timeline.items.map((row) => el("li", {},
      time(row.at), words(row.what.replace(/\.v\d+$/, "").split(".").pop()),
      row.why ? ` (${words(row.why)})` : "", ` · ${row.who}`))));
}
