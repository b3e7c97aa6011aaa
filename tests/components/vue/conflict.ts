import { createApp, defineComponent, h } from "vue";

import * as client from "./pushed/index.js";
import { discardChange, retryChange, useRejectedChanges } from "./pushed/index.js";
import { bothSides, serve } from "./refused.js";

const Rejected = defineComponent(() => {
  const rejected = useRejectedChanges();
  return () =>
    h(
      "ul",
      rejected.value.map((change) =>
        h("li", { key: change.writeId }, [
          h("p", bothSides(change)),
          h("button", { onClick: () => void retryChange(change.writeId) }, "Send again"),
          h("button", { onClick: () => void discardChange(change.writeId) }, "Give up"),
        ]),
      ),
    );
});

await serve(client, (element) => void createApp(Rejected).mount(element));
