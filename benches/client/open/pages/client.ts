// The page with the generated client: ready is when the collection has what the server has, which is nothing.

import { configureSync, contactsCollection, initializeDatabase } from "./client/index.js";

// Only PGlite knows it.
const options = { initialData: "/database.tar.gz" };
configureSync({ apiBaseUrl: `${location.origin}/api` });
await Promise.all([initializeDatabase(options), contactsCollection.preload()]);
document.title = String(performance.now());
