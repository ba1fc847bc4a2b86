// The four views: what each asks the API, which filters it has, how an answer is shown.
import { age, begin, button, chip, el, empty, HERE, money, opener, table, time, words }
  from "./dom.js";

const PAGE = 25;
const ORDER_STATES = ["received", "on-hold", "open", "partially-fulfilled", "fulfilled",
  "cancelled", "closed"];
const ALL = ["", "all"];
const named = (choice) => [choice, words(choice)];

const orders = {
  title: "Orders",
  path: "orders",
  paged: true,
  filters: [
    { name: "status", label: "State", choices: [ALL, ...ORDER_STATES.map(named)] },
    { name: "order", label: "Order number" },
    { name: "email", label: "Customer's e-mail" },
    { name: "sku", label: "SKU" },
  ],
  query: ({ order, ...others }) => ({ ...others, number: order, limit: PAGE }),
  // What has no number of its own goes by its reference.
  otherwise: ({ order, ...others }) => order && { ...others, reference: order, limit: PAGE },
  show: (found, { act, filters }) => found.items.length === 0
    ? empty(Object.values(filters).some(Boolean)
      ? "No order fits. Numbers, e-mails and SKUs are found when written out whole."
      : "No orders yet. They come through channels, or by POST /api/v1/orders.")
    : table(`The latest first, times of ${HERE}`, [
      { label: "Order", long: true, show: (row) => opener(row.number || row.reference, row.order_id,
        () => act.order(row.order_id)) },
      { label: "Channel", show: (row) => row.channel },
      { label: "State", show: (row) => chip(row.status) },
      { label: "Accepted", show: (row) => time(row.accepted_at) },
      { label: "Units", number: true, show: (row) => String(row.units) },
      { label: "Total", number: true, show: (row) => money(row.total) },
    ], found.items),
};

function urgency(row) {
  const late = row.minutes_overdue > 0 ? ` by ${age(row.minutes_overdue * 60)}` : "";
  return [chip(row.urgency), late];
}

function due(row, zone) {
  if (!row.pickup_expires_at) return time(row.due_by, zone);
  return ["kept until ", time(row.pickup_expires_at, zone)];
}

const item = (row) => el("div", {}, `${row.quantity} × ${row.title || row.sku}`,
  row.title ? el("span", { class: "soft" }, ` ${row.sku}`) : null,
  row.picked > 0 && row.picked < row.quantity ? ` (${row.picked} picked)` : null,
  row.cancel_asked ? " (cancel asked)" : null);

const queue = {
  title: "Store queue",
  path: "fulfillments",
  paged: true,
  filters: [{ name: "location", label: "Location", locations: true }],
  query: (filters) => ({ ...filters, limit: PAGE }),
  needs: (filters) => filters.location ? null : "Choose a location to see its work.",
  show: (found, { act, filters, places }) => {
    if (found.items.length === 0) return empty("Nothing to do at this location.");
    const place = places.find((row) => row.location_id === filters.location);
    const zone = (place && place.hours.zone) || HERE;
    return table(`The most urgent first, times of ${zone}`, [
      { label: "Order", long: true, show: (row) => opener(row.order_number || row.fulfillment_id,
        row.fulfillment_id, () => act.order(row.order_id)) },
      { label: "Urgency", show: urgency },
      { label: "State", show: (row) => chip(row.status) },
      { label: "Method", show: (row) => row.method },
      { label: "Due by", show: (row) => due(row, zone) },
      { label: "Items", long: true, show: (row) => row.items.map(item) },
      { label: "Next steps", show: (row) => (row.legal || []).map(words).join(", ") },
    ], found.items);
  },
};

const UNSAID = new Set(["action", "code_told"]);

function why(row) {
  return Object.entries(row.detail || {})
    .filter(([name, value]) => !UNSAID.has(name) && value !== row.code)
    .map(([name, value]) => el("div", {}, `${words(name)}: ${value}`));
}

function settled(row) {
  const how = words(String((row.detail || {}).action || "closed"));
  return row.closed_at ? [how, ", ", time(row.closed_at)] : how;
}

const exceptions = {
  title: "Exceptions",
  path: "exceptions",
  paged: true,
  filters: [{ name: "status", label: "State", choices: ["open", "closed"].map(named) }],
  query: (filters) => ({ ...filters, limit: PAGE }),
  show: (found, { act, filters }) => found.items.length === 0
    ? empty(filters.status === "closed" ? "None was settled yet." : "Nothing waits for a person.")
    : table(`The oldest first, times of ${HERE}`, [
      { label: "What", show: (row) => words(row.code) },
      { label: "Order", long: true, show: (row) => row.order_id
        ? [opener(row.order_number || row.order_id, row.exception_id,
          () => act.order(row.order_id)), row.line_id ? ` line ${row.line_id}` : ""]
        : row.subject },
      { label: "Item", long: true, show: (row) => row.sku
        || ((row.detail || {}).code_told ? `told as ${row.detail.code_told}` : "") },
      { label: "Location", show: (row) => row.location_id },
      { label: "Age", number: true, show: (row) => age(row.age_s) },
      { label: "Why", show: why },
      { label: "Settle", show: (row) => row.actions.length === 0 ? settled(row)
        : el("div", { class: "buttons" }, row.actions.map((name) =>
          button(begin(words(name)), `${row.exception_id} ${name}`,
            () => act.settle(row, name)))) },
    ], found.items),
};

const NAMES = {
  "first-attempt-sourcing": "Sourced at the first attempt", fill: "Fill rate",
  split: "Split rate", reject: "Reject rate", "promise-kept": "Promises kept",
  "arrival-kept": "Arrivals on time", "distance-per-order": "Distance per shipment",
  "accept-to-ship": "Accepted to shipped", "pickup-ready": "Accepted to ready for pickup",
  "return-to-refund": "Return to refund", "cost-per-order": "Cost per order",
  "courier-saving": "Courier saving", orders: "Orders", oversold: "Oversold units",
  "skus-reconciled": "SKUs reconciled", shortage: "Units short",
  "parcels-saved": "Parcels saved", "exceptions-opened": "Exceptions opened",
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
  el("dd", { class: "value" }, value), of ? el("dd", { class: "of" }, of) : null);

function figureCard(figure) {
  const of = figure.unit === "ratio"
    ? `${figure.numerator.toLocaleString()} of ${figure.denominator.toLocaleString()}`
    : figure.denominator === undefined ? "" : `over ${figure.denominator.toLocaleString()}`;
  return card(NAMES[figure.name] || words(figure.name), shown(figure), of);
}

// Orders are counted by channel; what a location does with them, by location.
const IN_GROUPS = {
  channel: ["orders", "fill", "split", "cost-per-order"],
  location: ["promise-kept", "reject", "accept-to-ship", "pickup-ready"],
};

function groupTable(groups, by) {
  const figure = (group, name) => group.figures.find((row) => row.name === name);
  return table(`By ${by}`, [
    { label: begin(by), show: (group) => group.name },
    ...IN_GROUPS[by].map((name) => ({ label: NAMES[name], number: true,
      show: (group) => figure(group, name) ? shown(figure(group, name)) : "–" })),
  ], groups);
}

const kpis = {
  title: "Key figures",
  path: "kpis",
  paged: false,
  filters: [
    { name: "from", label: "From", type: "date" },
    { name: "to", label: "To", type: "date" },
    { name: "by", label: "Compare", choices: [["", "nothing"], ["channel", "channels"],
      ["location", "locations"]] },
  ],
  query: (filters) => filters,
  show: (found, { filters }) => {
    const open = found.exceptions;
    const oldest = open.oldest_hours === undefined ? "none waits"
      : `the oldest for ${age(open.oldest_hours * 3_600)}`;
    const cards = [
      ...found.figures.map(figureCard),
      card("Open exceptions", `${open.open}${open.is_more ? "+" : ""}`, oldest),
    ];
    return el("div", {},
      el("p", { class: "note" }, `${found.first_day} to ${found.last_day}, days of UTC`),
      el("dl", { class: "cards" }, cards),
      found.groups && found.groups.length > 0 ? groupTable(found.groups, filters.by) : null);
  },
};

export const VIEWS = { orders, queue, exceptions, kpis };
