import { Problem } from "./problem.js";

/**
 * A model: its columns that a request may set, each with the check of a value, which gives what is wrong.
 * @typedef {object} Model
 * @property {Readonly<Record<string, Check>>} columns
 * @property {readonly string[]} required What a new row needs.
 * @property {readonly string[]} changeable What can be changed later.
 * @property {string} conflict What it says where another row stands in the way.
 * @typedef {(value: unknown) => string | undefined} Check
 */

/** @type {Readonly<Record<string, Model>>} */
export const models = {
  contacts: {
    columns: { id: uuid, first_name: text(1, 80), last_name: text(0, 80), email: mail },
    required: ["first_name", "last_name"],
    changeable: ["first_name", "last_name", "email"],
    conflict: "This contact has notes: delete those first.",
  },
  notes: {
    columns: { id: uuid, contact_id: uuid, text: text(1, 140) },
    required: ["contact_id", "text"],
    changeable: [],
    conflict: "The contact of this note is gone.",
  },
};

/**
 * The members of a request's body, or a refusal.
 * @param {Model} model
 * @param {string} body
 * @param {"create" | "update"} operation
 */
export function check(model, body, operation) {
  const members = objectIn(body);
  const allowed = operation === "create" ? Object.keys(model.columns) : model.changeable;
  const problems = Object.entries(members).map(([name, value]) => {
    const problem = allowed.includes(name) ? model.columns[name]?.(value) : "can't be set";
    return problem && `${name} ${problem}`;
  });
  if (operation === "create") {
    problems.push(...model.required.filter((name) => !(name in members)).map((name) => `${name} is missing`));
  }
  const found = problems.filter((problem) => problem !== undefined);
  if (found.length > 0) throw new Problem(422, `${found.join(", ")}.`);
  return members;
}

/**
 * @param {string} body
 * @returns {Record<string, unknown>}
 */
function objectIn(body) {
  try {
    const value = JSON.parse(body);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // It is no JSON.
  }
  throw new Problem(400, "The body has to be a JSON object.");
}

/** @type {Check} */
function uuid(value) {
  const isUuid = typeof value === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);
  return isUuid ? undefined : "has to be a UUID";
}

/** @type {Check} */
function mail(value) {
  const isMail = value === null || (typeof value === "string" && /^[^\s@]+@[^\s@]+$/.test(value));
  return isMail ? undefined : `has to be a mail address, and ${JSON.stringify(value)} is none`;
}

/**
 * @param {number} shortest
 * @param {number} longest
 * @returns {Check}
 */
function text(shortest, longest) {
  return (value) => {
    if (typeof value !== "string" || value.length < shortest) return "has to be a text";
    return value.length <= longest ? undefined : `has ${longest} characters at most`;
  };
}
