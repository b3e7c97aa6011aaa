import h from "solid-js/h";
import { render } from "solid-js/web";

import * as client from "./generated/index.js";
import { useChanges, useStore } from "./generated/index.js";
import { count, mailOf, names, serve, shownId } from "./page.js";

/** What depends on a signal runs again; a component runs once. */
function Names() {
  const shown = useStore(names);
  return h("p", { id: "names" }, () => {
    count("Names");
    return shown().join(" ");
  });
}

function Mail() {
  const shown = useStore(mailOf(shownId));
  return h("p", { id: "mail" }, () => {
    count("Mail");
    return shown();
  });
}

function Queue() {
  const changes = useChanges(() => ({ limit: 2 }));
  return h("p", { id: "queue" }, () => {
    count("Queue");
    return changes()
      .map(({ operation, state }) => `${operation} ${state}`)
      .join(", ");
  });
}

await serve(client, (element) => render(() => [h(Names), h(Mail), h(Queue)] as unknown as Element, element));
