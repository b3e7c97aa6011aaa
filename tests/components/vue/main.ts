import { createApp, defineComponent, h } from "vue";

import * as client from "./generated/index.js";
import { useChanges, useStore } from "./generated/index.js";
import { count, mailOf, names, serve, shownId } from "./page.js";

const Names = defineComponent(() => {
  const shown = useStore(names);
  return () => {
    count("Names");
    return h("p", { id: "names" }, shown.value.join(" "));
  };
});

const Mail = defineComponent(() => {
  const shown = useStore(mailOf(shownId));
  return () => {
    count("Mail");
    return h("p", { id: "mail" }, shown.value);
  };
});

const Queue = defineComponent(() => {
  const changes = useChanges({ limit: 2 });
  return () => {
    count("Queue");
    return h("p", { id: "queue" }, changes.value.map(({ operation, state }) => `${operation} ${state}`).join(", "));
  };
});

await serve(client, (element) => {
  const app = createApp({ render: () => [h(Names), h(Mail), h(Queue)] });
  app.mount(element);
  return () => app.unmount();
});
