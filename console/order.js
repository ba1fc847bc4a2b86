// One order as a dialog shows it: for whom, what holds it, each part with its promise, what happened.
import { chip, el, HERE, money, table, time, words } from "./dom.js";

const fact = (name, shown) => shown ? [el("dt", {}, name), el("dd", {}, shown)] : [];

function address(to) {
  if (!to) return "";
  const town = [to.postcode, to.locality, to.admin_area].filter(Boolean).join(" ");
  return [to.name, ...(to.lines || []), town, to.country].filter(Boolean).join(", ");
}

function facts(order) {
  const buyer = order.customer || {};
  const reach = [buyer.name, buyer.email, buyer.phone].filter(Boolean).join(" · ");
  return el("dl", { class: "facts" },
    fact("State", chip(order.status)),
    fact("Customer", reach),
    fact("Ship to", address(order.ship_to)),
    fact("Total", money(order.total)),
    fact("Refunded", order.refunded.amount_minor > 0 ? money(order.refunded) : ""),
    fact("Came by", `${order.channel} (${order.connection}), reference ${order.reference}`),
    fact("Accepted", time(order.accepted_at)),
    fact("Id", order.order_id));
}

const holds = (order) => order.holds.length === 0 ? null
  : el("div", { class: "problem", role: "note" }, order.holds.map((hold) => el("div", {},
    `Held: ${words(hold.reason)}${hold.note ? `, “${hold.note}”` : ""}, since `,
    time(hold.at), `, by ${hold.by}`)));

function promise(part) {
  if (part.ready_by) return ["ready by ", time(part.ready_by)];
  if (!part.ship_by) return null;
  return [el("div", {}, "ship by ", time(part.ship_by)),
    part.arrive_by ? el("div", {}, "arrive by ", time(part.arrive_by)) : null];
}

function lines(order) {
  const parts = order.lines.flatMap((line) => line.parts.map((part) => ({ line, part })));
  return table(`Lines, times of ${HERE}`, [
    { label: "Line", show: ({ line }) => line.line_id },
    { label: "Item", long: true, show: ({ line }) => [line.title || line.sku || "unknown",
      line.title && line.sku ? el("div", { class: "soft" }, line.sku) : null] },
    { label: "Units", number: true, show: ({ part }) => String(part.quantity) },
    { label: "State", show: ({ part }) => chip(part.state) },
    { label: "Method", show: ({ line }) => line.method },
    { label: "Location", show: ({ line, part }) => part.location || line.pickup_location },
    { label: "Promise", show: ({ part }) => promise(part) },
    { label: "Why", show: ({ part }) => words(part.reason || "") },
  ], parts);
}

const notes = (order) => order.notes.length === 0 ? null : el("div", {}, el("h3", {}, "Notes"),
  el("ol", { class: "timeline" }, order.notes.map((note) =>
    el("li", {}, time(note.at), note.text, el("span", { class: "soft" }, ` ${note.by}`)))));

const TOLD = ["status", "location_id", "carrier", "service", "code", "action", "quantity"];

function happened(row) {
  const what = words(row.what.replace(/\.v\d+$/, "").split(".").pop());
  const told = TOLD.map((name) => (row.detail || {})[name]).filter((value) => value !== undefined);
  const more = [row.why && words(row.why), ...told.map((value) => words(String(value)))];
  return el("li", {}, time(row.at), [what, ...new Set(more.filter(Boolean))].join(", "),
    el("span", { class: "soft" }, ` ${row.who}`));
}

export function orderDetail(order, timeline) {
  return el("div", {}, holds(order), facts(order), lines(order), notes(order),
    el("h3", {}, "What happened"),
    el("ol", { class: "timeline" }, timeline.items.map(happened)),
    timeline.next_cursor ? el("p", { class: "note" },
      `The first ${timeline.items.length}; more is under /api/v1/orders/${order.order_id}/timeline`)
      : null);
}
