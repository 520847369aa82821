// Fastify, undici and schemas compiled by Ajv: what a Node team would write by hand.
//
// It is told all by its environment: PORT, CONTRACT (the JSON Schema of the answer), MAPPING (plain or
// realistic), and what the Python peers are told.
import { timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import Ajv from "ajv/dist/2020.js";
import Fastify from "fastify";
import { Pool } from "undici";

const { CONTRACT, MAPPING, MENTA_SECRET, PLATFORM_TOKEN, PLATFORM_URL, PORT } = process.env;
const STATUSES = { PAID: "VALID", REFUNDED: "REFUNDED", CANCELLED: "CANCELED" };
const MINOR_UNITS = { EUR: 100, USD: 100, GBP: 100, JPY: 1, KWD: 1000 };

class Unusable extends Error {}

const text = (value) => {
  if (typeof value === "string") return value;
  if (Number.isSafeInteger(value)) return String(value);
  throw new Unusable("neither text nor an integer");
};
const number = (value) => {
  if (typeof value === "number") return value;
  throw new Unusable("no number");
};
// Of ASCII letters alone: with others, two addresses could become one.
const lower = (value) => value.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

function plainTicket(order, item) {
  const ticket = {
    ticketId: text(item.id),
    externalReferenceEventId: text(order.event.code),
    showId: text(order.event.session),
    ticketOptionId: text(item.zone),
    price: number(item.price),
    currency: text(item.currency),
    status: "VALID",
  };
  if (item.price_type !== null && item.price_type !== "") ticket.priceTypeId = text(item.price_type);
  if (order.customer.email) ticket.buyer = text(order.customer.email);
  return ticket;
}

function realisticTicket(order, item, zones) {
  const currency = item.face.cur.toUpperCase();
  const units = MINOR_UNITS[currency];
  const zone = zones.get(item.zone);
  if (units === undefined || zone === undefined) throw new Unusable("an unknown currency or zone");
  return {
    ticketId: text(item.id),
    externalReferenceEventId: text(order.event.code),
    showId: text(order.event.session),
    ticketOptionId: text(item.zone),
    price: number(item.face.cents) / units,
    currency,
    tags: [`source:${order.channel}`, `category:${zone.name.toLowerCase()}`],
    props: {
      seating: {
        section: text(item.seat.block),
        row: text(item.seat.row),
        seat: text(item.seat.number),
      },
    },
    status: "VALID",
  };
}

const ticketOf = MAPPING === "realistic" ? realisticTicket : plainTicket;

function ticketsOf(body, user) {
  const zones = new Map(MAPPING === "realistic" ? body.zones.map((zone) => [zone.code, zone]) : []);
  const owner = lower(user);
  const tickets = new Map();
  const ineligible = new Set();
  for (const order of body.orders) {
    const email = order.customer.email;
    if (email === null || (email !== user && lower(email) !== owner)) continue;
    for (const item of order.items) {
      const status = STATUSES[item.state];
      if (status === undefined) throw new Unusable("an unknown status");
      if (status !== "VALID") {
        ineligible.add(text(item.id));
        continue;
      }
      const ticket = ticketOf(order, item, zones);
      const known = tickets.get(ticket.ticketId);
      if (known === undefined) tickets.set(ticket.ticketId, ticket);
      else if (!isDeepStrictEqual(known, ticket)) throw new Unusable("one id, two tickets");
    }
  }
  for (const id of ineligible) {
    if (tickets.has(id)) throw new Unusable("a ticket that is valid and is not");
  }
  return [...tickets.values()];
}

const contract = JSON.parse(readFileSync(CONTRACT, "utf-8"));
const fits = new Ajv({ allErrors: false, strict: false, validateFormats: false }).compile(contract);

// For Fastify's compiled serializer: the members that these mappings make.
const string = { type: "string" };
const strings = (...names) => Object.fromEntries(names.map((name) => [name, string]));
const ANSWER = {
  type: "object",
  properties: {
    userEmail: string,
    tickets: {
      type: "array",
      items: {
        type: "object",
        properties: {
          ...strings("ticketId", "externalReferenceEventId", "showId", "ticketOptionId"),
          price: { type: "number" },
          ...strings("currency", "priceTypeId", "buyer"),
          tags: { type: "array", items: string },
          props: {
            type: "object",
            properties: {
              seating: { type: "object", properties: strings("section", "row", "seat") },
            },
          },
          ...strings("status"),
        },
      },
    },
  },
};

const secret = Buffer.from(MENTA_SECRET);
const isSecret = (header) => {
  const given = Buffer.from(header ?? "");
  return given.length === secret.length && timingSafeEqual(given, secret);
};
const { origin, pathname } = new URL(PLATFORM_URL);
const pool = new Pool(origin, { connections: 200, headersTimeout: 8000, bodyTimeout: 8000 });
const headers = { authorization: `Bearer ${PLATFORM_TOKEN}` };
const app = Fastify({ logger: false });

app.get("/tickets", { schema: { response: { 200: ANSWER } } }, async (request, reply) => {
  if (!isSecret(request.headers["x-menta-secret"])) {
    return reply.code(401).send({ title: "unauthorized" });
  }
  const user = request.query.user ?? "";
  if (!user.includes("@")) return reply.code(400).send({ title: "invalid user" });
  const path = `${pathname}/orders?email=${encodeURIComponent(user)}`;
  const answer = await pool.request({ path, method: "GET", headers });
  if (answer.statusCode !== 200) {
    await answer.body.dump();
    return reply.code(502).send({ title: "upstream error" });
  }
  try {
    const body = { userEmail: user, tickets: ticketsOf(await answer.body.json(), user) };
    if (fits(body)) return body;
  } catch {
    // What the platform sent is not as agreed: no tickets are better than wrong ones.
  }
  return reply.code(502).send({ title: "mapping mismatch" });
});

await app.listen({ port: Number(PORT), host: "127.0.0.1" });
