import h from "solid-js/h";
import { render } from "solid-js/web";

import * as client from "./pushed/index.js";
import { discardChange, retryChange, useRejectedChanges } from "./pushed/index.js";
import { bothSides, serve } from "./refused.js";

function Rejected() {
  const rejected = useRejectedChanges();
  return h("ul", () =>
    rejected().map((change) =>
      h(
        "li",
        h("p", bothSides(change)),
        h("button", { onClick: () => void retryChange(change.writeId) }, "Send again"),
        h("button", { onClick: () => void discardChange(change.writeId) }, "Give up"),
      ),
    ),
  );
}

await serve(client, (element) => void render(() => h(Rejected) as unknown as Element, element));
