// The generated client, for tests that need no page: they drive it from outside.
import * as client from "../src/generated/index.js";

Object.assign(window, { client });
