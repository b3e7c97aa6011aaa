import { mount, unmount } from "svelte";

import App from "./App.svelte";
import * as client from "./generated/index.js";
import { serve } from "./page.js";

await serve(client, (target) => {
  const app = mount(App, { target });
  return () => void unmount(app);
});
