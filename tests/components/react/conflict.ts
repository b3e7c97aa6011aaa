import { createElement } from "react";
import { createRoot } from "react-dom/client";

import * as client from "./pushed/index.js";
import { discardChange, retryChange, useRejectedChanges } from "./pushed/index.js";
import { bothSides, serve } from "./refused.js";

function Rejected() {
  const items = useRejectedChanges().map((change) =>
    createElement(
      "li",
      { key: change.writeId },
      createElement("p", null, bothSides(change)),
      createElement("button", { onClick: () => void retryChange(change.writeId) }, "Send again"),
      createElement("button", { onClick: () => void discardChange(change.writeId) }, "Give up"),
    ),
  );
  return createElement("ul", null, items);
}

await serve(client, (element) => createRoot(element).render(createElement(Rejected)));
