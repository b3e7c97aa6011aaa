import { mount } from "svelte";

import Rejected from "./Rejected.svelte";
import * as client from "./pushed/index.js";
import { serve } from "./refused.js";

await serve(client, (target) => void mount(Rejected, { target }));
