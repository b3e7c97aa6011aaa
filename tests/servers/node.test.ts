// Spring's pages, GitHub's `Link` headers, Stripe's keys, OData's links and JSON:API's: the one that the environment names.

import { NodeServer, styles, type StyleName } from "./node/server.js";
import { jsonApi, rowOfJsonApi } from "./support/json-api.js";
import { scenarios } from "./support/scenarios.js";
import { World } from "./support/world.js";

const name = (process.env["SERVER"] ?? "spring") as StyleName;
const { path, key, update, type } = styles[name];
const world: World<NodeServer> = new World(
  name,
  () => NodeServer.start(name),
  () => world.backend.empty(),
);

scenarios(world, {
  model: path.slice(1).toLowerCase(),
  path,
  key,
  isServerKey: name !== "jsonapi",
  update,
  text: "name",
  other: { name: "price", values: ["1.50", "27.25"] },
  type,
  ...(name === "jsonapi" && { body: jsonApi, row: rowOfJsonApi }),
  all: () => Promise.resolve(world.backend.all()),
});
