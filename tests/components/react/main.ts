import { createElement } from "react";
import { createRoot } from "react-dom/client";

import * as client from "./generated/index.js";
import { useChanges, useStore } from "./generated/index.js";
import { count, mailOf, names, serve, shownId } from "./page.js";

const mail = mailOf(shownId);

function Names() {
  count("Names");
  return createElement("p", { id: "names" }, useStore(names).join(" "));
}

function Mail() {
  count("Mail");
  return createElement("p", { id: "mail" }, useStore(mail));
}

function Queue() {
  count("Queue");
  const changes = useChanges({ limit: 2 });
  return createElement("p", { id: "queue" }, changes.map(({ operation, state }) => `${operation} ${state}`).join(", "));
}

await serve(client, (element) => {
  const root = createRoot(element);
  root.render([createElement(Names, { key: 1 }), createElement(Mail, { key: 2 }), createElement(Queue, { key: 3 })]);
  return () => root.unmount();
});
