// The generated client, for tests that need no page: they drive it from outside.
import * as client from "../src/generated/index.js";
import { defaultClient } from "../src/generated/db/init.js";

Object.assign(window, { client, defaultClient });
