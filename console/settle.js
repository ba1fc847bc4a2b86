// The dialog that settles an exception: what will be done is said before it is.
import { call, places } from "./api.js";
import { begin, el, words } from "./dom.js";

const at = (id) => document.getElementById(id);

const MEANS = {
  acknowledge: "Closes the exception; nothing else happens.",
  "another-store": "The customer collects at another store; its stock is asked for at once.",
  applied: "Says that a person did what the channel asked for.",
  "assign-sku": "The line gets this product and is routed.",
  cancel: "What the exception is about is cancelled, and customer and channel are told.",
  "convert-to-shipment": "The units are shipped to the customer's address instead.",
  "delivered-anyway": "Says that it could not be stopped.",
  intercepted: "Says that it was stopped on its way.",
  refund: "The lost units are advised for refund.",
  release: "Takes every hold off the order.",
  replayed: "Says that its parked message was replayed; a replay closes it by itself.",
  replace: "The lost units are ordered anew, at no price.",
  reset: "The waiting units are routed anew, rejects forgotten.",
};

let settling = null;

const field = (label, input) => el("label", {}, label, input);

async function extra(action) {
  if (action === "assign-sku") {
    return field("SKU, barcode or alias of the product",
      el("input", { name: "sku", required: true, autocomplete: "off" }));
  }
  if (action !== "another-store") return null;
  const stores = (await places()).filter((row) => row.pickup_enabled);
  return field("Store", el("select", { name: "location_id", required: true },
    el("option", { value: "" }, "choose …"),
    stores.map((row) => el("option", { value: row.location_id }, row.name))));
}

function about(row) {
  const told = (row.detail || {}).code_told;
  const parts = [words(row.code), row.order_number && `order ${row.order_number}`,
    row.line_id && `line ${row.line_id}`, row.sku || (told && `told as ${told}`)];
  return parts.filter(Boolean).join(", ");
}

function say(text) {
  at("act-problem").textContent = text;
  at("act-problem").hidden = !text;
}

export async function askToSettle(row, action) {
  settling = { row, action };
  at("act-title").textContent = begin(words(action));
  at("act-about").textContent = about(row);
  at("act-means").textContent = MEANS[action] || "";
  at("act-do").textContent = begin(words(action));
  at("act-extra").replaceChildren();
  say("");
  at("act").showModal();
  try {
    const wanted = await extra(action);
    if (!wanted || settling.row !== row || settling.action !== action) return;
    at("act-extra").replaceChildren(wanted);
    wanted.querySelector("input, select").focus();
  } catch (error) {
    say(error.message);
  }
}

async function settle(event) {
  event.preventDefault();
  at("act-do").disabled = true;
  try {
    const fields = Object.fromEntries(new FormData(at("act-form")));
    const path = `exceptions/${encodeURIComponent(settling.row.exception_id)}:act`;
    await call("POST", path, { body: { action: settling.action, ...fields } });
    at("act").close();
  } catch (error) {
    say(error.status === 403 ? "This key may look, but not settle." : error.message);
  } finally {
    at("act-do").disabled = false;
  }
}

at("act-form").addEventListener("submit", settle);
at("act-cancel").addEventListener("click", () => at("act").close());
